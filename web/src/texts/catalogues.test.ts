import { beforeEach, expect, it, vi } from "vitest";
import { Catalogues, type ChunkTexts } from "./catalogues";
import type { Language } from "./languages";
import type { Section } from "./messages";

/** A browser whose person reads some languages, and in which one may have been chosen before. */
function browser(read: readonly string[] = ["en-US"], kept: string | null = null) {
  const state = { kept, document: "" };
  return {
    state,
    kept: () => state.kept,
    keep: (language: Language | null) => {
      state.kept = language;
    },
    readLanguages: () => read,
    shown: ({ language, direction }: { language: string; direction: string }) => {
      state.document = `${language} ${direction}`;
    },
  };
}

/** A chunk with one text, whose catalogues arrive when they are let. English comes with its code, unless it is late. */
function chunk(key: string, hasEnglish = true) {
  const waiting = new Map<string, (section: Section | Error) => void>();
  const load = (language: string) => () =>
    new Promise<Section>((resolve, reject) => {
      waiting.set(language, (section) =>
        section instanceof Error ? reject(section) : resolve(section),
      );
    });
  const texts: ChunkTexts = {
    english: hasEnglish ? { [key]: "English" } : null,
    loaded: { "./en.json": load("en"), "./de.json": load("de"), "./ar.json": load("ar") },
  };
  return {
    texts,
    isAwaited: (language: string) => waiting.has(language),
    arrives: (language: string) => waiting.get(language)?.({ [key]: language }),
    fails: (language: string) => waiting.get(language)?.(new Error("No network")),
  };
}

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

it("shows the language of the browser once it is loaded, and English before", async () => {
  const page = browser(["ar-EG", "en"]);
  const home = chunk("home");
  const catalogues = new Catalogues(page, home.texts);
  const loading = catalogues.load();
  expect(catalogues.texts.get().format("home")).toBe("English");
  home.arrives("ar");
  await loading;
  expect(catalogues.texts.get().format("home")).toBe("ar");
  expect(page.state.document).toBe("ar rtl");
});

it("keeps what is chosen, and follows the browser again", async () => {
  const page = browser();
  const home = chunk("home");
  const catalogues = new Catalogues(page, home.texts);
  const choosing = catalogues.choose("de");
  home.arrives("de");
  await choosing;
  expect(page.state).toEqual({ kept: "de", document: "de ltr" });
  await catalogues.choose(null);
  expect(page.state).toEqual({ kept: null, document: "en ltr" });
});

it("prefers what was kept to the browser's language, unless it is unknown", () => {
  const chosen = (kept: string) => new Catalogues(browser(["ar"], kept)).chosen.get();
  expect(chosen("de")).toBe("de");
  expect(chosen("tlh")).toBeNull();
});

it("shows the last of two choices, in whatever order they arrive", async () => {
  const home = chunk("home");
  const catalogues = new Catalogues(browser(), home.texts);
  const first = catalogues.choose("de");
  const second = catalogues.choose("ar");
  home.arrives("ar");
  await second;
  home.arrives("de");
  await first;
  expect(catalogues.texts.get().language).toBe("ar");
});

it("stays in its language where another cannot be loaded", async () => {
  const home = chunk("home");
  const catalogues = new Catalogues(browser(["de"]), home.texts);
  const loading = catalogues.load();
  home.fails("de");
  await loading;
  expect(catalogues.texts.get().language).toBe("en");
});

it("adds the texts of a chunk in the language that is shown, and in each one chosen later", async () => {
  const [home, room] = [chunk("home"), chunk("room")];
  const catalogues = new Catalogues(browser(), home.texts);
  await catalogues.add(room.texts);
  expect(catalogues.texts.get().format("room")).toBe("English");
  const choosing = catalogues.choose("de");
  home.arrives("de");
  room.arrives("de");
  await choosing;
  expect(catalogues.texts.get().format("room")).toBe("de");
});

it("has the texts of a chunk that is added while another language is loaded", async () => {
  const [home, room] = [chunk("home"), chunk("room")];
  const catalogues = new Catalogues(browser(), home.texts);
  const choosing = catalogues.choose("de");
  await catalogues.add(room.texts);
  home.arrives("de");
  await vi.waitUntil(() => room.isAwaited("de"));
  home.arrives("de");
  room.arrives("de");
  await choosing;
  expect(catalogues.texts.get().format("home")).toBe("de");
  expect(catalogues.texts.get().format("room")).toBe("de");
});

it("shows a chunk in English where its texts cannot be loaded", async () => {
  const [home, room] = [chunk("home"), chunk("room")];
  const catalogues = new Catalogues(browser(["de"]), home.texts);
  const loading = catalogues.load();
  home.arrives("de");
  await loading;
  const adding = catalogues.add(room.texts);
  room.fails("de");
  await adding;
  expect(catalogues.texts.get().format("room")).toBe("English");
  expect(catalogues.texts.get().format("home")).toBe("de");
});

it("loads English like any other language where it does not come with the code", async () => {
  const [home, room] = [chunk("home"), chunk("room", false)];
  const catalogues = new Catalogues(browser(), home.texts);
  const adding = catalogues.add(room.texts);
  room.arrives("en");
  await adding;
  expect(catalogues.texts.get().format("room")).toBe("en");
  const choosing = catalogues.choose("de");
  home.arrives("de");
  room.arrives("de");
  await choosing;
  expect(catalogues.texts.get().format("room")).toBe("de");
});

it("adds a chunk in English that is loaded, where the language cannot be", async () => {
  const [home, room] = [chunk("home"), chunk("room", false)];
  const catalogues = new Catalogues(browser(["de"]), home.texts);
  const loading = catalogues.load();
  home.arrives("de");
  await loading;
  const adding = catalogues.add(room.texts);
  room.fails("de");
  await vi.waitUntil(() => room.isAwaited("en"));
  room.arrives("en");
  await adding;
  expect(catalogues.texts.get().format("room")).toBe("en");
});

it("adds no chunk without texts, and tries again the next time", async () => {
  const room = chunk("room", false);
  const catalogues = new Catalogues(browser(), chunk("home").texts);
  const failing = catalogues.add(room.texts);
  room.fails("en");
  await expect(failing).rejects.toThrow("No network");
  const adding = catalogues.add(room.texts);
  room.arrives("en");
  await adding;
  expect(catalogues.texts.get().format("room")).toBe("en");
});
