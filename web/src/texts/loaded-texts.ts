/** All texts of a language at once, for tests; pages load a section at a time. */

import type { Language } from "./languages";
import { type Section, Texts, type Translate } from "./messages";
import type { CallOnlyTexts, CheckOnlyTexts, CommonTexts } from "./texts.gen";

type Sections = Readonly<Record<string, Section>>;

const COMMON: Sections = import.meta.glob<Section>("./*.json", {
  query: "?section=common",
  import: "default",
  eager: true,
});
const CALL: Sections = import.meta.glob<Section>("./*.json", {
  query: "?section=call",
  import: "default",
  eager: true,
});
const CHECK: Sections = import.meta.glob<Section>("./*.json", {
  query: "?section=check",
  import: "default",
  eager: true,
});
const REFUSALS: Sections = import.meta.glob<Section>("./*.json", {
  query: "?section=refusals",
  import: "default",
  eager: true,
});

export function textsOf(language: Language, locale: string = language): Texts {
  const file = `./${language}.json`;
  return new Texts(language, locale, {
    ...COMMON[file],
    ...CALL[file],
    ...CHECK[file],
    ...REFUSALS[file],
  });
}

const ENGLISH = textsOf("en");

/** Gives English texts. */
export const english: Translate<CommonTexts & CallOnlyTexts & CheckOnlyTexts> = (key, ...values) =>
  ENGLISH.format(key, values[0] as Record<string, string>);
