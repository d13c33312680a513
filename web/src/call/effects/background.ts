/** What is done to what is behind the person: blur, one of our pictures, or one of their own. */
export type Background = "blur" | `picture:${PictureName}` | `own:${string}`;

/** The pictures that come with Parlour, in the order in which they are offered. */
export const PICTURE_NAMES = ["dusk", "hills", "shelf"] as const;

export type PictureName = (typeof PICTURE_NAMES)[number];

const OWN = /^own:[\w-]{1,64}$/;

/** Reads a kept choice; null where it is none of this version. */
export function parsedBackground(text: unknown): Background | null {
  if (typeof text !== "string") return null;
  const isOurs = text === "blur" || PICTURE_NAMES.some((name) => text === `picture:${name}`);
  return isOurs || OWN.test(text) ? (text as Background) : null;
}
