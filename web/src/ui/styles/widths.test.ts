/** Checks that all style sheets change at the same few widths, of which one is a constant of the scripts, too. */

import ts from "typescript";
import { expect, test } from "vitest";
import { NARROW_PX } from "../kit/narrow";

/** Read as files: Vitest gives no text for an imported style sheet. */
const SHEETS = ts.sys
  .readDirectory("src", [".css"])
  .map((name) => [name, ts.sys.readFile(name) ?? ""] as const);

/** The widest window, in CSS pixels, for which a rule stands, and why. */
const WIDTHS = new Map([
  [416, "the controls of a call have no room in one row"],
  [490, "nor with a screen to share"],
  [NARROW_PX, "the window is narrow"],
  [559, "a low lobby has one column"],
  [820, "panels cover the stage, and a high lobby has one column"],
  [960, "notes have no room beside the bar"],
]);

function widthsIn(sheet: string): number[] {
  const queries = sheet.replaceAll(/\/\*.*?\*\//gs, "").matchAll(/@media[^{]*/g);
  return [...queries].flatMap(([query]) =>
    [...query.matchAll(/width[^)\d]*(\d+)px/g)].map(([, width]) => Number(width)),
  );
}

test("style sheets change at no other width", () => {
  const others = SHEETS.flatMap(([name, sheet]) =>
    widthsIn(sheet)
      .filter((width) => !WIDTHS.has(width))
      .map((width) => `${name}: ${width}px`),
  );
  expect(others).toEqual([]);
});

test("each width is in use", () => {
  const used = new Set(SHEETS.flatMap(([, sheet]) => widthsIn(sheet)));
  expect([...WIDTHS.keys()].filter((width) => !used.has(width))).toEqual([]);
});

test("finds widths in queries of several parts", () => {
  const sheet =
    "@media (max-width: 559px), (width <= 820px) and (min-height: 561px) { a { width: 7px } }";
  expect(widthsIn(sheet)).toEqual([559, 820]);
});
