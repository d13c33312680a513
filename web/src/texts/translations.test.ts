/** Checks the catalogues: each language has each text, with the parameters and the plurals that it needs. */

import { describe, expect, it, test } from "vitest";
import { type Parameter, parametersOf, pluralsOf, sectionOf, typesOf } from "../../build/texts.mjs";
import { SYMBOL_WORDS } from "../call/security-code";
import { LANGUAGES, type Language } from "./languages";
import { textsOf } from "./loaded-texts";
import generated from "./texts.gen?raw";

type Messages = Record<string, string>;

const FILES = import.meta.glob<Messages>("./*.json", { eager: true, import: "default" });
const SOURCES = import.meta.glob<string>(
  ["../**/*.{ts,tsx}", "!../**/*.test.ts", "!../**/*.gen.ts"],
  {
    eager: true,
    query: "?raw",
    import: "default",
  },
);
const CODES = Object.keys(LANGUAGES) as Language[];
const ENGLISH = messagesOf("en");

function messagesOf(language: Language): Messages {
  return FILES[`./${language}.json`] ?? {};
}

/** The values of a text that a person could see. */
function valuesOf(parameters: Record<string, Parameter>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { kind, words = [] }]) => {
      if (kind === "tag") return [];
      return [[name, kind === "number" ? 3 : (words[0] ?? "Ann")]];
    }),
  );
}

test("the generated types are those of the English texts", () => {
  expect(generated).toBe(typesOf(ENGLISH));
});

test("there is a catalogue for each language, and a language for each catalogue", () => {
  expect(Object.keys(FILES).sort()).toEqual(CODES.map((code) => `./${code}.json`).sort());
});

test("every text is used", () => {
  const code = Object.values(SOURCES).join("\n");
  const patterns = [...code.matchAll(/`([a-z]\w*(?:\.\w+)*\.)\$\{[^}]*\}(\w*)`/g)].map(
    ([, start = "", end = ""]) => ({ start, end }),
  );
  const isUsed = (key: string) =>
    code.includes(`"${key}"`) ||
    patterns.some(({ start, end }) => key.startsWith(start) && key.endsWith(end));
  const unused = Object.keys(ENGLISH).filter((key) => !isUsed(key));
  expect(unused).toEqual([]);
});

describe.each(CODES)("the texts in %s", (language) => {
  const messages = messagesOf(language);
  const { locale } = textsOf(language);

  it("are all there, and no others", () => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(ENGLISH).sort());
  });

  it("have the parameters of the English ones", () => {
    const different = Object.entries(messages).filter(
      ([key, message]) =>
        JSON.stringify(parametersOf(message)) !== JSON.stringify(parametersOf(ENGLISH[key] ?? "")),
    );
    expect(different).toEqual([]);
  });

  it("have a form for each plural of the language", () => {
    const { pluralCategories } = new Intl.PluralRules(locale).resolvedOptions();
    const lacking = Object.entries(messages).filter(([, message]) =>
      pluralsOf(message).some((forms) => pluralCategories.some((form) => !forms.includes(form))),
    );
    expect(lacking).toEqual([]);
  });

  it("can be shown", () => {
    const texts = textsOf(language);
    for (const [key, message] of Object.entries(messages)) {
      const shown = texts.format(key, valuesOf(parametersOf(message)));
      expect(shown).toMatch(/\S/);
      expect(shown).not.toMatch(/undefined|[{}\\]|^\s|\s$/);
    }
  });

  it("are translated", () => {
    const same = Object.keys(messages).filter((key) => messages[key] === ENGLISH[key]);
    if (language !== "en") expect(same.length).toBeLessThan(0.06 * Object.keys(ENGLISH).length);
  });

  it("name each symbol of a security code by a word of its own", () => {
    const words = (messages["call.code.words"] ?? "").split(", ");
    expect(new Set(words).size).toBe(SYMBOL_WORDS.length);
    if (language === "en") expect(words).toEqual(SYMBOL_WORDS);
    expect(sectionOf("call.code.words")).toBe("call");
  });
});
