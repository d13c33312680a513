import { textLength } from "./length";

/** Names that other people chose: how they are measured and put into a sentence. */

const DIRECTION_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const SEEN = /[^\s\u2800\p{Default_Ignorable_Code_Point}]/u;

/** Removes direction controls (UAX 9), which turn the text around a name. New names have none, older ones may. */
export function withoutDirectionControls(name: string): string {
  return name.replace(DIRECTION_CONTROLS, "");
}

/** Counts code points, as the server does. */
export function nameLength(name: string): number {
  return textLength(name.trim().normalize("NFC"));
}

export function canBeSeen(name: string): boolean {
  return SEEN.test(name);
}

/** Whether a name holds control, direction or joining characters, which the server refuses in new names. */
export function hasControls(name: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u.test(
    name.trim(),
  );
}

/** Whether a name can be a segment of a path: `.` and `..` cannot (WHATWG URL). */
export function fitsPath(name: string): boolean {
  return !/^\.{1,2}$/.test(name.trim());
}
