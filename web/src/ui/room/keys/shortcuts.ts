import type { CallTexts } from "../texts";

/** The groups in which the sheet lists shortcuts, in this order. */
export const SHORTCUT_GROUPS = {
  devices: "call.keys.devices",
  people: "call.keys.people",
  view: "call.keys.view",
} as const satisfies Record<string, keyof CallTexts>;

export interface Shortcut {
  /** As `KeyboardEvent.key` names it, without modifiers; letters are small. */
  readonly key: string;
  readonly group: keyof typeof SHORTCUT_GROUPS;
  /** What it does, for the sheet. */
  readonly text: keyof CallTexts;
}

/**
 * Every shortcut of a call. Each is one key without Ctrl, Alt or Meta, with which browsers, systems and screen readers
 * have shortcuts of their own; in exchange a person can switch them off (WCAG 2.1.4). `/` and `'` are Firefox's search.
 * `useShortcut` says what a shortcut does, `useKeysOf` what to show beside its button.
 */
export const SHORTCUTS = {
  microphone: { key: "m", group: "devices", text: "call.keys.microphone" },
  camera: { key: "v", group: "devices", text: "call.keys.camera" },
  screen: { key: "s", group: "devices", text: "call.keys.screen" },
  people: { key: "p", group: "people", text: "call.keys.openPeople" },
  chat: { key: "c", group: "people", text: "call.keys.openChat" },
  connections: { key: "q", group: "view", text: "call.keys.openConnections" },
  sheet: { key: "?", group: "view", text: "call.keys.openSheet" },
} as const satisfies Record<string, Shortcut>;

export type ShortcutName = keyof typeof SHORTCUTS;

/** What decides on a key that was pressed. */
export type KeyPress = Pick<
  KeyboardEvent,
  | "key"
  | "code"
  | "ctrlKey"
  | "altKey"
  | "metaKey"
  | "shiftKey"
  | "repeat"
  | "isComposing"
  | "keyCode"
  | "defaultPrevented"
>;

const NAMES = Object.keys(SHORTCUTS) as ShortcutName[];

/** The shortcut that was pressed; null for none. */
export function shortcutOf(press: KeyPress): ShortcutName | null {
  if (press.repeat || press.isComposing || press.keyCode === 229) return null;
  if (press.ctrlKey || press.altKey || press.metaKey || press.defaultPrevented) return null;
  const key = latinKeyOf(press);
  const isLetter = /^[a-z]$/.test(key);
  if (isLetter && press.shiftKey) return null;
  return NAMES.find((name) => SHORTCUTS[name].key === key) ?? null;
}

/** On a layout of another script, such as Russian or Arabic, a letter is known by its place on the keyboard. */
function latinKeyOf({ key, code, shiftKey }: KeyPress): string {
  const small = key.toLowerCase();
  const place = /^Key([A-Z])$/.exec(code)?.[1];
  const isForeign = key.length === 1 && key.charCodeAt(0) > 127;
  if (isForeign && code === "Slash" && shiftKey) return "?";
  return isForeign && place ? place.toLowerCase() : small;
}

/** A key as `aria-keyshortcuts` writes it (WAI-ARIA 1.2, 6.6). */
export function ariaKeyOf(name: ShortcutName): string {
  const { key }: Shortcut = SHORTCUTS[name];
  return key === " " ? "Space" : key.toUpperCase();
}

/** The shortcuts of each group, in the order of the sheet. */
export function groupedShortcuts(): readonly {
  readonly text: (typeof SHORTCUT_GROUPS)[keyof typeof SHORTCUT_GROUPS];
  readonly names: readonly ShortcutName[];
}[] {
  return Object.entries(SHORTCUT_GROUPS).map(([group, text]) => ({
    text,
    names: NAMES.filter((name) => SHORTCUTS[name].group === group),
  }));
}
