/**
 * Checks that no text for people stands in the code: all come from the catalogues of src/texts, by a key. It looks at
 * what React shows, at attributes that are read or shown, and at anything else that reads like words for people.
 */

import ts from "typescript";
import { expect, test } from "vitest";
import english from "../texts/en.json";

/** The words of this file stand in the catalogues, too: src/texts/translations.test.ts compares them. */
const IN_CATALOGUES = "call/security-code.ts";
/** The name of the product, a salt of keys, and examples that are none of a language. */
const NO_TEXTS = new Set(["Parlour", "parlour e2ee 1", "ann@example.org, bob@example.org"]);
const READ_ATTRIBUTES =
  /^(aria-(label|description|valuetext|roledescription)|label|title|placeholder|hint|alt|text|action|description|textValue|error)$/;
/** Calls whose strings only developers read. */
const FOR_DEVELOPERS =
  /^(console\.\w+|new \w*(Error|Exception)|bestEffort|super|describe|document\.querySelector|.*\.(match|replace|test))$/;
const WORDS = /\p{L}{2,}[^\p{L}]{0,2} \p{L}+/u;
const LETTERS = /\p{L}/u;

const FILES = import.meta.glob<string>(
  ["../**/*.{ts,tsx}", "!../**/*.test.ts", "!../**/*.gen.ts", "!../**/{fake,loaded}-*.ts"],
  { eager: true, query: "?raw", import: "default" },
);

/** Why a node holds text for people; null where it holds none. */
function faultOf(node: ts.Node): string | null {
  if (ts.isJsxText(node)) return isText(node.text.trim()) ? "text between tags" : null;
  if (!isString(node)) return null;
  const words = textIn(node);
  if (!isText(words)) return null;
  const place = placeOf(node);
  if (place === "shown" || place === "read") return `text that is ${place}`;
  return place === "elsewhere" && WORDS.test(withoutMarkup(words)) ? "words" : null;
}

/** Removes tags of HTML and rules of CSS, which programs write too. */
function withoutMarkup(text: string): string {
  return text.replaceAll(/<[^<>]*>/g, "\n").replaceAll(/[^{}]*\{[a-z-]+:[^{}]*\}/g, "\n");
}

function isText(text: string): boolean {
  return LETTERS.test(text) && !NO_TEXTS.has(text) && !Object.hasOwn(english, text);
}

type Words = ts.StringLiteralLike | ts.TemplateExpression;

function isString(node: ts.Node): node is Words {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function textIn(node: Words): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  const pieces = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
  return pieces.join("\n");
}

/** Where a string goes: to people who see it or hear it, to developers, or somewhere else. */
function placeOf(node: ts.Node): "shown" | "read" | "developers" | "elsewhere" {
  let child = node;
  for (let parent = node.parent; parent; child = parent, parent = parent.parent) {
    if (ts.isJsxAttribute(parent)) {
      return READ_ATTRIBUTES.test(parent.name.getText()) ? "read" : "developers";
    }
    if (ts.isJsxExpression(parent) && !ts.isJsxAttribute(parent.parent)) return "shown";
    if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) {
      const call = `${ts.isNewExpression(parent) ? "new " : ""}${parent.expression.getText()}`;
      return FOR_DEVELOPERS.test(call) ? "developers" : "elsewhere";
    }
    if (ts.isConditionalExpression(parent) && parent.condition === child) return "developers";
    if (ts.isBinaryExpression(parent) && isComparison(parent)) return "developers";
    if (ts.isStatement(parent) || ts.isFunctionLike(parent)) return "elsewhere";
  }
  return "elsewhere";
}

function isComparison({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return (
    kind === ts.SyntaxKind.EqualsEqualsEqualsToken ||
    kind === ts.SyntaxKind.ExclamationEqualsEqualsToken
  );
}

function faultsOf(name: string, code: string): string[] {
  const file = ts.createSourceFile(name, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const fault = faultOf(node);
    if (fault) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      faults.push(`${name.replace(/^\.\.\//, "")}:${line + 1}: ${fault}: ${node.getText().trim()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return faults;
}

test("no text for people stands outside of the catalogues", () => {
  expect(Object.keys(FILES).length).toBeGreaterThan(90);
  const faults = Object.entries(FILES)
    .filter(([name]) => !name.endsWith(IN_CATALOGUES))
    .flatMap(([name, code]) => faultsOf(name, code));
  expect(faults).toEqual([]);
});

test.each([
  "<p>Hello</p>",
  "<p>{open ? 'Close' : null}</p>",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
  "<p>{`Hello ${name}`}</p>",
  '<button aria-label="Close" />',
  "<Field label={open ? 'Close' : t('app.close')} />",
  'toast("Link copied");',
  'const PAGE = "<p class=x>Come back later</p>";',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  "const LATER = { text: `Come back ${when}` };",
])("finds the text in %s", (code) => {
  expect(faultsOf("example.tsx", code)).toHaveLength(1);
});

test.each([
  "<p>{t('app.close')}</p>",
  '<p className="card roomy">{open && <b />}</p>',
  '<p>{kind === "open" ? <b /> : null}</p>',
  'console.warn("Without a camera", error);',
  'throw new Error("No socket yet");',
  'const PAGE = "<p>{font: 1px solid red}</p><meta name=viewport content=x>";',
])("finds none in %s", (code) => {
  expect(faultsOf("example.tsx", code)).toEqual([]);
});
