import { expect, it } from "vitest";
import { languageOf, localeOf } from "./languages";

it.each([
  [["en-US", "en"], "en"],
  [["de-AT", "en"], "de"],
  [["pt-BR", "es-419", "en"], "es"],
  [["AR"], "ar"],
  [["zh-Hant-TW", "ja"], "en"],
  [["toString"], "en"],
  [[], "en"],
])("speaks to a reader of %j in %s", (tags, language) => expect(languageOf(tags)).toBe(language));

it.each([
  ["en", ["de", "en-GB", "en-US"], "en-GB"],
  ["fr", ["de", "en-GB"], "fr"],
  ["ar", ["ar-EG-u-nu-arab"], "ar-EG-u-nu-latn"],
  ["ar", [], "ar-u-nu-latn"],
] as const)("writes numbers in %s for %j as in %s", (language, tags, locale) => {
  expect(localeOf(language, tags)).toBe(locale);
  expect(new Intl.NumberFormat(locale).format(10)).toBe("10");
});
