import { Store } from "../store";
import { isLanguage, type Language, languageOf, localeOf } from "./languages";
import { type Section, Texts } from "./messages";

/** The texts of a part of the client. */
export interface ChunkTexts {
  /** Those in English that come with the code; null where English is loaded like any other language. */
  readonly english: Section | null;
  /** Loads the texts in a language, by the path of its catalogue, such as `./de.json`. */
  readonly loaded: Readonly<Record<string, () => Promise<Section>>>;
}

/** What a browser knows of its person's language. */
export interface LanguageEnvironment {
  /** The language that was chosen here, as it was kept. */
  kept(): string | null;
  keep(language: Language | null): void;
  /** The languages that the person reads (BCP 47), best first. */
  readLanguages(): readonly string[];
  /** Tells the document which language it is in. */
  shown(texts: Texts): void;
}

/**
 * The texts of the interface in the language that is shown, which alone is loaded. The English ones of the first page
 * come with the code, so that they are there where another language cannot be loaded.
 */
export class Catalogues {
  readonly texts: Store<Texts>;
  /** The language that was chosen here; null where the browser's languages decide. */
  readonly chosen: Store<Language | null>;
  readonly #chunks: ChunkTexts[];

  constructor(
    private readonly environment: LanguageEnvironment,
    ...chunks: readonly ChunkTexts[]
  ) {
    this.#chunks = [...chunks];
    const kept = environment.kept();
    this.chosen = new Store(isLanguage(kept) ? kept : null);
    this.texts = new Store(
      this.#textsIn(
        "en",
        chunks.map(({ english }) => english ?? {}),
      ),
    );
  }

  /** Keeps the choice, and shows the language once it is loaded. Null follows the browser again. */
  async choose(language: Language | null): Promise<void> {
    this.chosen.set(language);
    this.environment.keep(language);
    await this.load();
  }

  /** Loads and shows the wanted language. Where that fails, the texts stay as they are: the first ones are English. */
  async load(): Promise<void> {
    const language = this.#wanted();
    const chunks = [...this.#chunks];
    try {
      const sections = await Promise.all(chunks.map((chunk) => sectionOf(chunk, language)));
      // A choice made meanwhile shows its own.
      if (language !== this.#wanted()) return;
      if (chunks.length < this.#chunks.length) return await this.load();
      this.#show(this.#textsIn(language, sections));
    } catch (error) {
      console.warn("Texts", error);
      this.#show(this.texts.get());
    }
  }

  /**
   * Adds the texts of a chunk that is about to be shown: in English, if they cannot be loaded in the language. Throws
   * where these cannot be loaded either.
   */
  async add(chunk: ChunkTexts): Promise<void> {
    if (!this.#chunks.includes(chunk)) this.#chunks.push(chunk);
    const { language } = this.texts.get();
    const section = await sectionOf(chunk, language).catch((error) => {
      if (language === "en") throw error;
      console.warn("Texts", error);
      return sectionOf(chunk, "en");
    });
    const now = this.texts.get();
    // Another language that was loaded meanwhile may have come before the chunk.
    if (now.language === language) this.#show(now.with(section));
    else await this.load();
  }

  #wanted(): Language {
    return this.chosen.get() ?? languageOf(this.environment.readLanguages());
  }

  #textsIn(language: Language, sections: readonly Section[]): Texts {
    const locale = localeOf(language, this.environment.readLanguages());
    return new Texts(language, locale, Object.assign({}, ...sections));
  }

  #show(texts: Texts): void {
    this.environment.shown(texts);
    this.texts.set(texts);
  }
}

async function sectionOf({ english, loaded }: ChunkTexts, language: Language): Promise<Section> {
  if (language === "en" && english) return english;
  const load = loaded[`./${language}.json`];
  if (!load) throw new Error(`There are no texts in the language ${language}.`);
  return await load();
}
