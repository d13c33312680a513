import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileSection } from "../../build/texts.mjs";
import { english, textsOf } from "./loaded-texts";
import { piecesOf, Texts } from "./messages";
import { sentenceOf } from "./sentences";
import { Times } from "./times";

const isolated = (text: string) => `\u2068${text}\u2069`;

describe("a text", () => {
  it("is asked for by its key, with its parameters: else the type check fails", () => {
    const mistakes = () => [
      // @ts-expect-error there is no such text
      english("app.nothing"),
      // @ts-expect-error its parameter is missing
      english("app.accountOf"),
      // @ts-expect-error its parameter is a number
      english("rules.atMost", { most: "8" }),
      // @ts-expect-error it has links, which only a component can show
      english("login.newHere"),
    ];
    expect(mistakes).toThrow();
  });

  it("counts as its language does", () => {
    const ar = textsOf("ar");
    const forms = [1, 2, 3, 11, 100].map((most) => ar.format("rules.atMost", { most }));
    expect(new Set(forms.map((form) => form.replace(/\d+/, "#"))).size).toBe(5);
  });

  it("isolates values where it runs from right to left", () => {
    const ar = textsOf("ar");
    expect(ar.format("app.accountOf", { name: "Ann" })).toContain(isolated("Ann"));
    expect(ar.format("app.accountOf", { name: isolated("Ann") })).not.toContain("\u2068\u2068");
    expect(english("app.accountOf", { name: "Ann" })).toBe("Account: Ann");
  });
});

describe("a rich text", () => {
  const rich = new Texts("en", "en", {
    both: (values) => `\uE000b\uE001bold\uE000/b\uE001 and ${values?.name}`,
  });

  it("has places for elements and for tags around text", () => {
    expect(rich.pieces("both", {}, ["name"])).toEqual([
      { kind: "tag", name: "b", text: "bold" },
      { kind: "text", text: " and " },
      { kind: "value", name: "name" },
    ]);
  });

  it("takes nothing in a value for a tag", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const marked = `${name}\uE000b\uE001\uE000/b\uE001`;
        const kinds = rich.pieces("both", { name: marked }, []).map(({ kind }) => kind);
        expect(kinds).toEqual(["tag", "text"]);
      }),
    );
  });

  it("loses no text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", " ", "\uE000", "\uE001", "/", "=") }),
        (text) => {
          const shown = piecesOf(text).map((piece) => ("text" in piece ? piece.text : ""));
          expect(shown.join("")).toBe(text.replaceAll(/\uE000\/?\w+=?\uE001/g, ""));
        },
      ),
    );
  });
});

describe("the reason of a refusal", () => {
  const refused = { code: "room_full", message: "This room is full. Please try again later." };

  it("is the server's sentence in English, and the catalogue's in other languages", () => {
    expect(sentenceOf(new Texts("en", "en", {}), refused)).toBe(refused.message);
    const german = sentenceOf(textsOf("de"), refused);
    expect(german).not.toBe(refused.message);
  });

  it("is the server's sentence where its code is new", () => {
    expect(sentenceOf(textsOf("de"), { code: "never_seen", message: "No." })).toBe("No.");
  });

  it("is our own where the server did not answer", () => {
    const texts = textsOf("en");
    expect(sentenceOf(texts, { code: "no_answer", message: "" })).toMatch(/did not answer/);
    expect(sentenceOf(texts, { code: "unknown", message: "", status: 502 })).toMatch(/502/);
    expect(sentenceOf(texts, { code: "never_seen", message: "" })).toMatch(/went wrong/);
  });
});

describe("a moment", () => {
  const now = new Date(2026, 2, 1, 12);
  const times = (language: "en" | "de") => new Times(textsOf(language), () => now);
  const at = (day: number) => new Date(2026, 2, day, 9, 5).toISOString();

  it("is named as people name it", () => {
    expect(times("en").moment(at(1))).toBe("Today, 09:05 AM");
    expect(times("en").momentWithin(at(0))).toBe("yesterday, 09:05 AM");
    expect(times("en").moment(at(-3))).toBe("February 25, 09:05 AM");
    expect(times("de").moment(at(-3))).toMatch(/25\. Februar.*09:05/);
  });

  it("of an event has its end, and how far away it is", () => {
    const noon = (day: number, hour: number) => new Date(2026, 2, day, hour).toISOString();
    const event = (start: string, end: string | null = null, within = false) =>
      times("en").event(start, end, within);
    expect(event(noon(1, 15))).toBe("Today, 03:00 PM (in 3 hours)");
    expect(event(noon(2, 15), noon(2, 16), true)).toBe("tomorrow, 03:00 PM – 04:00 PM");
    expect(event(noon(5, 15), noon(6, 16), true)).toBe(
      "Thu, March 5, 03:00 PM – March 6, 04:00 PM",
    );
    expect(times("de").event(noon(2, 15), noon(2, 16), false)).toBe("Morgen, 15:00 – 16:00");
  });

  it("has durations in words", () => {
    expect(times("en").span(1800)).toBe("30 minutes");
    expect(times("de").span(3600)).toBe("1 Stunde");
  });
});

describe("a catalogue", () => {
  it("names the text that cannot be compiled", () => {
    expect(() => compileSection({ "home.rooms": "{count, plural, one {#}" }, "common")).toThrow(
      /home\.rooms/,
    );
  });
});
