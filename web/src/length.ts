import { LIMITS } from "./wire.gen";

/** Counts code points, as the server does; `length` counts UTF-16 units, of which most emoji take two. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Cuts a text after a number of code points, never within one. */
export function shortened(text: string, most: number): string {
  return textLength(text) > most ? [...text].slice(0, most).join("") : text;
}

export function fits(text: string, limit: keyof typeof LIMITS): boolean {
  return textLength(text) <= LIMITS[limit];
}
