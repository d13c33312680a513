import { expect, test } from "vitest";
import { canBeSeen, fitsPath, nameLength, sameName, withoutDirectionControls } from "./names";

test.each([
  ["Café", "cafe\u0301"],
  ["Garden", " ＧＡＲＤＥＮ "],
  ["Gar\u200bden", "garden"],
  ["a  b", "A\u00a0b"],
])("%j and %j are one name", (one, other) => {
  expect(sameName(one, other)).toBe(true);
});

test("other names are not", () => {
  expect(sameName("Garden", "Gаrden")).toBe(false);
});

test("what turns text around is left out, and nothing else", () => {
  expect(withoutDirectionControls("a\u202eb\u2069c שלום 👩‍👧")).toBe("abc שלום 👩‍👧");
});

test("length is counted in code points", () => {
  expect(nameLength(` ${"🙂".repeat(64)} `)).toBe(64);
});

test.each(["", " ", "\u200b", "\u3164", "\u2800", "\ufe0f"])("%j is not seen", (name) => {
  expect(canBeSeen(name)).toBe(false);
});

test.each([".", "..", " .. "])("%j fits no path", (name) => {
  expect(fitsPath(name)).toBe(false);
});
