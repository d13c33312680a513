import { expect, test } from "vitest";
import { canBeSeen, fitsPath, nameLength, withoutDirectionControls } from "./names";

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
