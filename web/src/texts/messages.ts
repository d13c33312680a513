import {
  type LocalizedString,
  LocalizedStringDictionary,
  LocalizedStringFormatter,
} from "@internationalized/string";
import { type Direction, LANGUAGES, type Language } from "./languages";

declare const TAG: unique symbol;

/** The kind of a parameter that is a tag around a part of a text, such as `<link>…</link>`. */
export type Tag = typeof TAG;
/** The parameters of a text without any. */
export type None = Record<never, never>;

/** The compiled messages of a section of a catalogue. */
export type Section = Readonly<Record<string, LocalizedString>>;

/** The texts that are plain strings: those without tags. */
type PlainKey<T> = {
  [K in keyof T]: Tag extends T[K][keyof T[K]] ? never : K;
}[keyof T];

/** The values of a text; none are asked for where it has no parameters. */
export type Values<P> = keyof P extends never ? [] : [values: P];

/** Gives a text in the language of the interface. A missing key or parameter is a type error. */
export type Translate<T> = <K extends PlainKey<T>>(key: K, ...values: Values<T[K]>) => string;

type AnyValues = Record<string, string | number | boolean>;

/** What `build/texts.mjs` writes for `<` and `>` of tags. */
const MARKED = /\uE000(\/?)(\w+)(=?)\uE001/g;

/** A piece of a rich text: plain text, the place of an element, or a tag around text. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "tag"; readonly name: string; readonly text: string };

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_DIRECTIONAL_ISOLATE = "\u2069";

/** The texts of one language. It never changes: another language, or a further section, is another value. */
export class Texts {
  readonly direction: Direction;
  readonly #formatter: LocalizedStringFormatter<string, LocalizedString>;

  constructor(
    readonly language: Language,
    /** The locale of numbers and times. */
    readonly locale: string,
    private readonly messages: Section,
  ) {
    this.direction = LANGUAGES[language].direction;
    const dictionary = new LocalizedStringDictionary({ [locale]: { ...messages } }, locale);
    this.#formatter = new LocalizedStringFormatter(locale, dictionary);
  }

  with(section: Section): Texts {
    return new Texts(this.language, this.locale, { ...this.messages, ...section });
  }

  has(key: string): boolean {
    return Object.hasOwn(this.messages, key);
  }

  /** In right-to-left languages, values such as names are isolated from the text around them (UAX 9). */
  format(key: string, values?: AnyValues): string {
    if (!values || this.direction === "ltr") return this.#formatter.format(key, values);
    const isolated = Object.entries(values).map(([name, value]) => [name, isolatedValue(value)]);
    return this.#formatter.format(key, Object.fromEntries(isolated));
  }

  /**
   * Formats a rich text. The names in `elements` become places for elements; marks of tags are removed from
   * `values`, so that nothing in a name can be taken for one.
   */
  pieces(key: string, values: AnyValues, elements: readonly string[]): Piece[] {
    const plain = Object.entries(values).map(([name, value]) => [name, unmarked(value)]);
    const places = elements.map((name) => [name, `\uE000${name}=\uE001`]);
    return piecesOf(this.format(key, Object.fromEntries([...plain, ...places])));
  }
}

function unmarked(value: string | number | boolean): string | number | boolean {
  return typeof value === "string" ? value.replaceAll(/[\uE000\uE001]/g, "") : value;
}

function isolatedValue(value: string | number | boolean): string | number | boolean {
  if (typeof value !== "string" || value.includes(FIRST_STRONG_ISOLATE)) return value;
  return `${FIRST_STRONG_ISOLATE}${value}${POP_DIRECTIONAL_ISOLATE}`;
}

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  let tag: string | null = null;
  for (const { 0: mark, 1: slash, 2: name = "", 3: place, index } of text.matchAll(MARKED)) {
    const before = text.slice(end, index);
    if (slash && tag === name) pieces.push({ kind: "tag", name, text: before });
    else if (before) pieces.push({ kind: "text", text: before });
    if (place) pieces.push({ kind: "value", name });
    tag = slash || place ? null : name;
    end = index + mark.length;
  }
  if (end < text.length) pieces.push({ kind: "text", text: text.slice(end) });
  return pieces;
}
