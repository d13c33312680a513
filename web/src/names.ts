import { textLength } from "./length";

/** Names that others chose: what they are compared by, and how they stand in a sentence. */

const DIRECTION_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu;
const SEEN = /[^\s\u2800\p{Default_Ignorable_Code_Point}]/u;

/** Two spellings of one name, as the server has it (nearly: it alone decides). */
export function sameName(one: string, other: string): boolean {
  return nameKey(one) === nameKey(other);
}

function nameKey(name: string): string {
  const folded = name.replace(UNSEEN, "").normalize("NFKC").toLowerCase();
  return folded.normalize("NFKC").trim().replace(/\s+/g, " ");
}

/** Without what turns the text around it: new names have none of it, older ones may. */
export function withoutDirectionControls(name: string): string {
  return name.replace(DIRECTION_CONTROLS, "");
}

/** Code points, as the server counts them. */
export function nameLength(name: string): number {
  return textLength(name.trim().normalize("NFC"));
}

export function canBeSeen(name: string): boolean {
  return SEEN.test(name);
}

/** Not in a new name: controls, and what turns or joins the text around it (nearly: the server decides). */
export function hasControls(name: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u.test(
    name.trim(),
  );
}

/** `.` and `..` are no segments of a path (WHATWG URL). */
export function fitsPath(name: string): boolean {
  return !/^\.{1,2}$/.test(name.trim());
}
