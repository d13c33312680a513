import { expect, it } from "vitest";
import { ariaKeyOf, groupedShortcuts, type KeyPress, SHORTCUTS, shortcutOf } from "./shortcuts";

const press = (changes: Partial<KeyPress>): KeyPress => ({
  key: "m",
  code: "KeyM",
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  repeat: false,
  isComposing: false,
  keyCode: 77,
  defaultPrevented: false,
  ...changes,
});

const keys = Object.values(SHORTCUTS).map(({ key }) => key);

it("gives each shortcut a key of its own, which no browser has", () => {
  expect(new Set(keys).size).toBe(keys.length);
  // Neither `/` nor `'`, Firefox's search, nor keys that move the focus or the page.
  for (const key of keys) expect(key).toMatch(/^[a-z0-9? ]$/);
});

it("lists every shortcut in the sheet once", () => {
  const listed = groupedShortcuts().flatMap(({ names }) => names);
  expect(listed.toSorted()).toEqual(Object.keys(SHORTCUTS).toSorted());
});

it("knows a key with and without caps lock", () => {
  expect(shortcutOf(press({}))).toBe("microphone");
  expect(shortcutOf(press({ key: "M" }))).toBe("microphone");
  expect(shortcutOf(press({ key: "?", code: "Slash", shiftKey: true }))).toBe("sheet");
});

it("knows a letter by its sign where it is Latin, otherwise by its place", () => {
  expect(shortcutOf(press({ key: "m", code: "Semicolon" }))).toBe("microphone"); // French
  expect(shortcutOf(press({ key: ",", code: "KeyM" }))).toBeNull();
  expect(shortcutOf(press({ key: "ь" }))).toBe("microphone"); // Russian
  expect(shortcutOf(press({ key: "ى", code: "KeyV" }))).toBe("camera"); // Arabic
  expect(shortcutOf(press({ key: "؟", code: "Slash", shiftKey: true }))).toBe("sheet");
});

it.each<Partial<KeyPress>>([
  { ctrlKey: true },
  { altKey: true },
  { metaKey: true },
  { key: "M", shiftKey: true },
  { repeat: true },
  { isComposing: true },
  { keyCode: 229 },
  { defaultPrevented: true },
  { key: "Dead" },
  { key: "Enter", code: "Enter" },
])("leaves alone what is meant for others: %o", (changes) => {
  expect(shortcutOf(press(changes))).toBeNull();
});

it("names keys as screen readers read them", () => {
  expect([ariaKeyOf("microphone"), ariaKeyOf("sheet")]).toEqual(["M", "?"]);
});
