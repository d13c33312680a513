/**
 * Checks that pages survive a browser's translation, which replaces each text node by an element. React keeps its
 * node: to insert before it or to remove it throws NotFoundError, and an update of it is not seen. So text that
 * comes, goes or changes, or has a sibling that does, must be the only child of its element: React then sets the
 * element's content as a whole.
 */

import ts from "typescript";
import { describe, expect, test } from "vitest";

const program = programOf("tsconfig.json");
const checker = program.getTypeChecker();

function programOf(path: string): ts.Program {
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  return ts.createProgram(fileNames, options);
}

function ownFiles(): ts.SourceFile[] {
  return program.getSourceFiles().filter((file) => /\/src\/.*\.tsx$/.test(file.fileName));
}

type Child = "fixed text" | "changing text" | "fixed element" | "changing element";

/** Whether text is constant: `{" "}` and literal text. */
function childKind(child: ts.JsxChild): Child | null {
  if (ts.isJsxText(child)) return child.containsOnlyTriviaWhiteSpaces ? null : "fixed text";
  if (ts.isJsxFragment(child)) return "changing element";
  if (ts.isJsxExpression(child)) {
    if (!child.expression) return null;
    if (ts.isStringLiteralLike(child.expression)) return "fixed text";
    return holdsText(checker.getTypeAtLocation(child.expression))
      ? "changing text"
      : "changing element";
  }
  const { tagName } = ts.isJsxElement(child) ? child.openingElement : child;
  return alwaysOneElement(tagName) ? "fixed element" : "changing element";
}

function alwaysOneElement(tagName: ts.JsxTagNameExpression): boolean {
  if (ts.isIdentifier(tagName) && /^[a-z]/.test(tagName.text)) return true;
  const type = checker.getTypeAtLocation(tagName);
  const results = type.getCallSignatures().map((call) => call.getReturnType());
  return results.length > 0 && results.every((result) => !result.isUnion() && !holdsText(result));
}

function holdsText(type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(holdsText);
  if (type.isStringLiteral() && type.value === "") return false; // React makes no node of it
  if (type.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike)) {
    return true;
  }
  const item = checker.getIndexTypeOfType(type, ts.IndexKind.Number);
  return item !== undefined && holdsText(item);
}

function faultOf(node: ts.Node): string | null {
  if (!ts.isJsxElement(node) && !ts.isJsxFragment(node)) return null;
  const kinds = node.children.map(childKind).filter((kind) => kind !== null);
  const has = (kind: Child) => kinds.includes(kind);
  const text = has("fixed text") || has("changing text");
  if (ts.isJsxFragment(node)) return text ? "text in a fragment" : null;
  if (kinds.length > 1 && has("changing text")) return "text that changes beside something else";
  return has("fixed text") && has("changing element")
    ? "text beside elements that come and go"
    : null;
}

function componentFault(node: ts.Node): string | null {
  if (!ts.isFunctionDeclaration(node) || !/^[A-Z]/.test(node.name?.text ?? "")) return null;
  const signature = checker.getSignatureFromDeclaration(node);
  return signature && holdsText(signature.getReturnType()) ? "a component that is bare text" : null;
}

function faultsOf(file: ts.SourceFile): string[] {
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const fault = faultOf(node) ?? componentFault(node);
    if (fault) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      faults.push(`${file.fileName.replace(/.*\/src\//, "")}:${line + 1}: ${fault}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return faults;
}

/** Found before the tests begin, since reading all types takes long on a busy machine. */
const faults = ownFiles().flatMap(faultsOf);

describe("text that a browser may translate", () => {
  test("has an element of its own wherever something comes, goes or changes", () => {
    expect(ownFiles().length).toBeGreaterThan(40);
    expect(faults).toEqual([]);
  });
});
