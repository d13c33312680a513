/** The languages of the catalogues, in the order in which they are offered, each named in itself. */
export const LANGUAGES = {
  en: { name: "English", direction: "ltr" },
  de: { name: "Deutsch", direction: "ltr" },
  es: { name: "Español", direction: "ltr" },
  fr: { name: "Français", direction: "ltr" },
  ru: { name: "Русский", direction: "ltr" },
  ar: { name: "العربية", direction: "rtl" },
} as const;

export type Language = keyof typeof LANGUAGES;
export type Direction = "ltr" | "rtl";

export function isLanguage(code: unknown): code is Language {
  return typeof code === "string" && Object.hasOwn(LANGUAGES, code);
}

/** The first language that the person reads (BCP 47 tags, best first) and that there is a catalogue of. */
export function languageOf(tags: readonly string[]): Language {
  return tags.map(baseLanguage).find(isLanguage) ?? "en";
}

/**
 * The locale by which numbers and times are written: the person's own variety of the language, such as en-GB. Arabic
 * gets the digits that the clocks and counts of the interface have too.
 */
export function localeOf(language: Language, tags: readonly string[]): string {
  const locale = tags.find((tag) => baseLanguage(tag) === language) ?? language;
  return language === "ar" ? `${locale.replace(/-u-.*$/, "")}-u-nu-latn` : locale;
}

function baseLanguage(tag: string): string {
  return tag.split("-")[0]?.toLowerCase() ?? "";
}
