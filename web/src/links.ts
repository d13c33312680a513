/** Where the links are in a text that somebody wrote or pasted. */

export interface TextPart {
  readonly text: string;
  /** Null where it is no link. */
  readonly href: string | null;
}

/** What may be one, up to a space or a quotation mark; what stands before must not be part of a word. */
const CANDIDATE =
  /(?<![\p{L}\p{N}_@])(?:https?:\/\/|www\.(?=[^\s.]+\.))[^\s<>"“”«»\p{Cc}\p{Default_Ignorable_Code_Point}]+/giu;
/** Ends a sentence or wraps a link rather than belongs to it. */
const TRAILING = /[.,;:!?'’…*([{（「，。、；：！？]+$/u;
const OPENERS: Readonly<Record<string, string>> = {
  ")": "(",
  "]": "[",
  "}": "{",
  "）": "（",
  "」": "「",
};

export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    const link = untilUnbalanced(candidate).replace(TRAILING, "");
    const href = /^www\./i.test(link) ? `https://${link}` : link;
    if (!URL.canParse(href)) continue;
    if (index > end) parts.push({ text: text.slice(end, index), href: null });
    parts.push({ text: link, href });
    end = index + link.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null });
  return parts;
}

/** `https://example.org/Foo_(bar)` keeps its parentheses, `(https://example.org)` loses the last one. */
function untilUnbalanced(candidate: string): string {
  const open = new Map<string, number>();
  let length = 0;
  for (const char of candidate) {
    const opener = OPENERS[char];
    if (opener !== undefined) {
      const depth = open.get(opener) ?? 0;
      if (depth === 0) break;
      open.set(opener, depth - 1);
    } else {
      open.set(char, (open.get(char) ?? 0) + 1);
    }
    length += char.length;
  }
  return candidate.slice(0, length);
}
