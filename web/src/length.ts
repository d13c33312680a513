import { LIMITS } from "./wire.gen";

/** Code points, as the server counts; `length` counts UTF-16, where most emoji are two. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** The first code points of a text, never half of one. */
export function shortened(text: string, most: number): string {
  return textLength(text) > most ? [...text].slice(0, most).join("") : text;
}

export function fits(text: string, limit: keyof typeof LIMITS): boolean {
  return textLength(text) <= LIMITS[limit];
}
