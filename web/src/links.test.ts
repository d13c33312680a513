import { describe, expect, test, vi } from "vitest";
import { linkParts } from "./links";

const links = (text: string) => linkParts(text).flatMap(({ href }) => href ?? []);

describe("links in a text", () => {
  test.each([
    "https://en.wikipedia.org/wiki/Foo_(bar)",
    "https://en.wikipedia.org/wiki/Foo_(bar)_(baz(qux))",
    "http://localhost:8000/r/Kitchen?x=1&y[]=2#a-b",
    "https://example.org/#/room:a@b",
    "https://例え.jp/パス",
    "https://bücher.example/straße",
    "http://[::1]:8000/",
    "https://example.org/a,b;c.d/~ann/!x'y",
    "HTTPS://EXAMPLE.ORG/",
    "https://example.org/-",
    "https://example.org/a_",
    "https://example.org/?q=a+b%20c=",
    "https://fa.wikipedia.org/wiki/می\u200cخواهم",
    "https://example.org/❤\ufe0f/👩\u200d🚀",
    "https://web.archive.org/web/2020/https://example.org/a",
    "https://example.org/*",
    "https://example.org/files/*.pdf",
    "https://example.org/Rock_'n'_Roll",
  ])("are whole: %s", (link) => {
    expect(links(link)).toEqual([link]);
    expect(links(`See ${link}, please.`)).toEqual([link]);
    expect(links(`(${link})`)).toEqual([link]);
    expect(links(`<${link}>`)).toEqual([link]);
    expect(links(`"${link}"!`)).toEqual([link]);
    expect(links(`[here](${link})?`)).toEqual([link]);
    expect(links(`${link}\n${link}`)).toEqual([link, link]);
    expect(links(`${link},${link};${link}`)).toEqual([link, link, link]);
    for (const mark of ["`", "*", "**", "_", "~~"]) {
      expect(links(`${mark}${link}${mark}`)).toEqual([link]);
    }
    expect(links(`看${link}，好。`)).toEqual([link]);
    expect(links(`《${link}》【${link}】『${link}』`)).toEqual([link, link, link]);
    expect(links(`‹${link}› ‚${link}‘ „${link}“`)).toEqual([link, link, link]);
  });

  test.each([
    ["https://example.org.", "https://example.org"],
    ["https://example.org/a?!…", "https://example.org/a"],
    ["https://example.org/a)b", "https://example.org/a"],
    ["(see https://example.org/x_(y))", "https://example.org/x_(y)"],
    ["**https://example.org/**", "https://example.org/"],
    ["https://example.org/a。", "https://example.org/a"],
    ["「https://example.org/a」", "https://example.org/a"],
    ["https://example.org/a。次は", "https://example.org/a"],
    ["https://example.org/a\u202eb", "https://example.org/a"],
    ["https://example.org/a\u200b", "https://example.org/a"],
    ["https://example.org/a\u200d", "https://example.org/a"],
    ["www.example.org/a.", "https://www.example.org/a"],
  ])("%s", (text, link) => expect(links(text)).toEqual([link]));

  test.each([
    "https://",
    "https://.",
    "www.",
    "www.x",
    "ftp://example.org",
    "example.org",
    "xhttps://x.org",
  ])("are not in %s", (text) => expect(links(text)).toEqual([]));

  test("are found by browsers without URL.canParse", () => {
    vi.stubGlobal("URL", class extends URL {});
    Reflect.set(URL, "canParse", undefined);
    expect(links("see https://example.org/a. https://")).toEqual(["https://example.org/a"]);
    vi.unstubAllGlobals();
  });

  test("do not execute anything", () => {
    expect(links("javascript:alert(1) data:text/html,x")).toEqual([]);
  });

  test.each(["https://x.org/ and www.y.org.", "", "  no link\n", "https://x.org/((("])(
    "leave the text as it was: %j",
    (text) =>
      expect(
        linkParts(text)
          .map((part) => part.text)
          .join(""),
      ).toBe(text),
  );
});
