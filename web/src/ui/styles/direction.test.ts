/** Checks that no style names the left or the right, which change places in right-to-left languages. */

import ts from "typescript";
import { expect, test } from "vitest";

/** Read as files: Vitest gives no text for an imported style sheet. */
const SHEETS = Object.fromEntries(
  ts.sys.readDirectory("src", [".css"]).map((name) => [name, ts.sys.readFile(name) ?? ""]),
);

const SIDED =
  /^(left|right|(margin|padding|border)-(left|right)(-\w+)?|border-(top|bottom)-(left|right)-radius|scroll-(margin|padding)-(left|right))$/;
/** What is centered by moving it back by half of its width: the same in both directions. */
const CENTERED = "left: 50%";

function faultsOf(sheet: string): string[] {
  const declarations = sheet
    .replaceAll(/\/\*.*?\*\//gs, "")
    .matchAll(/(?<=[{;]\s*)([a-z-]+)\s*:\s*([^;{}]+)(?=[;}])/g);
  return [...declarations].flatMap(([, property = "", value = ""]) => {
    const declaration = `${property}: ${value.trim()}`;
    return declaration !== CENTERED && isSided(property, value.trim()) ? [declaration] : [];
  });
}

function isSided(property: string, value: string): boolean {
  if (SIDED.test(property)) return true;
  if (property === "text-align" || property === "float" || property === "clear") {
    return /^(left|right)$/.test(value);
  }
  const sides = value.replaceAll(/\([^()]*(\([^()]*\)[^()]*)*\)/g, "()").split(/\s+/);
  if (/^(padding|margin|inset|border-(width|color|style))$/.test(property)) {
    return sides.length === 4 && sides[1] !== sides[3];
  }
  const [a, b, c = a, d = b] = sides;
  return (
    property === "border-radius" && !value.includes("/") && (a !== b || c !== d) && sides.length > 1
  );
}

test("no style names the left or the right", () => {
  expect(Object.keys(SHEETS).length).toBeGreaterThan(8);
  expect(Object.values(SHEETS).join("").length).toBeGreaterThan(20_000);
  const faults = Object.entries(SHEETS).flatMap(([name, sheet]) =>
    faultsOf(sheet).map((fault) => `${name}: ${fault}`),
  );
  expect(faults).toEqual([]);
});

test.each([
  "a { left: 0; }",
  "a { color: red; margin-right: 1px }",
  "a { text-align: right; }",
  "a { padding: 1px 2px 3px 4px; }",
  "a { border-radius: 0 4px 4px 0; }",
])("finds the side in %s", (sheet) => expect(faultsOf(sheet)).toHaveLength(1));

test.each([
  "a { left: 50%; translate: -50%; }",
  "a { padding: 1px 2px calc(3px + env(right)) 2px; }",
  "a { inset-inline-start: 0; border-radius: 4px; text-align: start; }",
  "/* left: 0; */ a { text-align: center; }",
])("finds none in %s", (sheet) => expect(faultsOf(sheet)).toEqual([]));
