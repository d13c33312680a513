import { isUrl } from "./urls";

/** Finds links in text that people wrote or pasted. */

export interface TextPart {
  readonly text: string;
  /** Null for text that is no link. */
  readonly href: string | null;
}

/**
 * Matches a possible link, up to a space, a quotation mark, the end of a sentence in Chinese or Japanese, or the
 * next link of a list. In scripts that put spaces between words, it must not begin within a word.
 */
const CANDIDATE =
  /(?<![\p{N}@]|(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}])\p{L})(?:https?:\/\/|www\.(?=[^\s.]+\.))(?:\u200c|\u200d|\ufe0f|(?![,;|](?:https?:\/\/|www\.))[^\s<>"“”«»。、，；：！？\p{Cc}\p{Default_Ignorable_Code_Point}])+/giu;
/** Matches punctuation at the end that belongs to the sentence around a link, not to the link. */
const TRAILING = /(?:\u200c|\u200d|[.,;:!?'’‘…([{（「《〈【『‹])+$/u;
const OPENERS: Readonly<Record<string, string>> = {
  ")": "(",
  "]": "[",
  "}": "{",
  "）": "（",
  "」": "「",
  "》": "《",
  "〉": "〈",
  "】": "【",
  "』": "『",
  "›": "‹",
};

export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  const candidates = new RegExp(CANDIDATE);
  for (let found = candidates.exec(text); found; found = candidates.exec(text)) {
    const { 0: candidate, index } = found;
    const link = withoutEmphasis(
      untilUnbalanced(candidate).replace(TRAILING, ""),
      text.slice(end, index),
    ).replace(TRAILING, "");
    const href = /^www\./i.test(link) ? `https://${link}` : link;
    if (!isUrl(href)) continue;
    if (index > end) parts.push({ text: text.slice(end, index), href: null });
    parts.push({ text: link, href });
    end = index + link.length;
    candidates.lastIndex = end; // what was cut off may hold the next one
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null });
  return parts;
}

/** Cuts at an unopened bracket: `https://example.org/Foo_(bar)` stays whole, `https://example.org)` loses one. */
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

/** Removes closing marks of bold and code (`**see https://example.org**`), as many as opened before the link. */
function withoutEmphasis(link: string, before: string): string {
  const mark = /[*`_~]$/.exec(link)?.[0];
  if (mark === undefined) return link;
  let begun = before.length - withoutEnd(before, mark, before.length).length;
  // `_` and `~` occur within words and names, so they count only where they begin one.
  if (begun === 0 && "*`".includes(mark) && before.includes(mark)) begun = 2;
  return withoutEnd(link, mark, begun);
}

function withoutEnd(text: string, mark: string, most: number): string {
  let end = text.length;
  while (end > text.length - most && text[end - 1] === mark) end -= 1;
  return text.slice(0, end);
}
