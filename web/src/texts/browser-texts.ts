/** The texts of this page: its language is the one chosen here, else the browser's. */

import { Catalogues, type LanguageEnvironment } from "./catalogues";
import english from "./en.json?section=common";
import type { Section } from "./messages";

const KEY = "parlour.language";

const environment: LanguageEnvironment = {
  kept() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  },
  keep(language) {
    try {
      if (language) localStorage.setItem(KEY, language);
      else localStorage.removeItem(KEY);
    } catch {
      // Without storage, the choice holds until the page is left.
    }
  },
  readLanguages: () => (typeof navigator === "undefined" ? [] : navigator.languages),
  shown({ language, direction }) {
    document.documentElement.lang = language;
    document.documentElement.dir = direction;
  },
};

const COMMON = {
  english,
  loaded: import.meta.glob<Section>(["./*.json", "!./en.json"], {
    query: "?section=common",
    import: "default",
  }),
};
/** English refusals are the server's own sentences. */
const REFUSALS = {
  english: {},
  loaded: import.meta.glob<Section>(["./*.json", "!./en.json"], {
    query: "?section=refusals",
    import: "default",
  }),
};

export const catalogues = new Catalogues(environment, COMMON, REFUSALS);
