import { expect, it } from "vitest";
import { roomPath, safeDestination, withDestination } from "./destination";

const ORIGIN = "https://meet.example.org";
const EVIL = "evil.example";

/** The origin to which a browser would go. */
const leadsTo = (path: string) => new URL(path, `${ORIGIN}/login`).origin;

it.each([
  "//evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "/\r/evil.example",
  "/\t\\evil.example",
  "\t//evil.example",
  " //evil.example",
  "\u0000//evil.example",
  "/.//evil.example",
  "/./\\evil.example",
  "/a/..//evil.example",
  "/%2e//evil.example",
  "/a/%2E%2e/\\evil.example",
  "///evil.example",
  "////evil.example",
  "//user:secret@evil.example/",
  "//[",
  "/\t/[",
  "https://evil.example",
  "https:evil.example",
  "https:/evil.example",
  "HTTPS:\\\\evil.example",
  "http://meet.example.org:1/",
  "javascript:alert(1)",
  "java\tscript:alert(1)",
  "JaVaScRiPt://%0aalert(1)",
  "data:text/html,<script>alert(1)</script>",
  "blob:https://meet.example.org/1",
  "mailto:ann@example.org",
  "evil.example",
  "?next=//evil.example",
  "#",
  "",
  null,
  undefined,
])("does not follow %j after the login", (path) => expect(safeDestination(path)).toBeNull());

it.each([
  ["/r/%2F%2Fevil.example", "/r/%2F%2Fevil.example"],
  ["/%09/evil.example", "/%09/evil.example"],
  ["/%2F/evil.example", "/%2F/evil.example"],
  ["/%5Cevil.example", "/%5Cevil.example"],
  ["/\u2215\u2044evil.example", "/%E2%88%95%E2%81%84evil.example"],
  ["/\uFF0Fevil.example", "/%EF%BC%8Fevil.example"],
  ["/r/a\tb", "/r/ab"],
  ["/profile?x=1#here", "/profile?x=1#here"],
  ["/%", "/%"],
])("keeps %j on our own site, as %j", (path, kept) => expect(safeDestination(path)).toBe(kept));

/** Every word of up to five of the pieces that URL parsers treat in a way of their own. */
function* words(length: number): Generator<string> {
  yield "";
  if (length === 0) return;
  const pieces = [
    "/",
    "\\",
    "\t",
    "\n",
    ".",
    "..",
    "%2f",
    "%09",
    "@",
    ":",
    "\u3002",
    "\uFF0F",
    "a",
  ];
  for (const rest of words(length - 1)) for (const piece of pieces) yield piece + rest;
}

it("leads to our own site whatever it is made of, and stays what it is", () => {
  for (const word of words(3)) {
    for (const text of [word + EVIL, `/${word}${EVIL}`, `/${word}/${EVIL}`]) {
      const path = safeDestination(text);
      if (path === null) continue;
      if (leadsTo(path) !== ORIGIN) throw new Error(`${JSON.stringify(text)} leads to ${path}`);
      if (safeDestination(path) !== path) throw new Error(`${JSON.stringify(text)} changes`);
    }
  }
});

it("carries a room's path through the login", () => {
  const path = roomPath("Tea & 100% cake?");
  const query = withDestination("/register?as=guest", path).split("?")[1];
  expect(safeDestination(new URLSearchParams(query).get("next"))).toBe(path);
});

it("passes on nothing that leads away", () =>
  expect(withDestination("/login", "/\t/evil.example")).toBe("/login"));
