/** The rules by which the build counts the script of a page; the build itself holds the limits. */

import { describe, expect, it } from "vitest";
import { bytesOf, chunksWith } from "../build/script-limits.mjs";

const chunk = (name: string, imports: readonly string[] = []) => ({
  fileName: `assets/${name}-12345678.js`,
  imports: imports.map((each) => `assets/${each}-12345678.js`),
  moduleIds: [`/web/src/${name}.tsx`],
});
const CHUNKS = [
  chunk("main", ["kit", "runtime"]),
  chunk("kit", ["runtime", "main"]),
  chunk("runtime"),
  chunk("room", ["kit", "video"]),
  chunk("video"),
  chunk("panel", ["kit"]),
  ...["common", "refusals", "call"].flatMap((section) =>
    ["de", "ru"].map((language) => chunk(`texts-${section}-${language}`)),
  ),
];
const SIZES = new Map(
  CHUNKS.map(({ fileName }) => [fileName, fileName.includes("texts") ? 10 : 100]),
);
SIZES.set("assets/texts-common-ru-12345678.js", 15);

describe("the script of a page", () => {
  it("is each chunk that its modules import, once", () => {
    const found = chunksWith(CHUNKS, ["/src/main.tsx", "/src/room.tsx"]);
    expect(found.map(({ moduleIds }) => moduleIds[0])).toEqual(
      ["main", "kit", "runtime", "room", "video"].map((name) => `/web/src/${name}.tsx`),
    );
  });

  it("has the texts of the language that has the most of them", () => {
    const home = { modules: ["/src/main.tsx"], sections: ["common", "refusals"] };
    expect(bytesOf(home, CHUNKS, SIZES)).toBe(300 + 15 + 10);
    const room = { modules: ["/src/main.tsx", "/src/room.tsx"], sections: ["call"] };
    expect(bytesOf(room, CHUNKS, SIZES)).toBe(500 + 10);
  });

  it("cannot be counted where a module is in no chunk: its name has changed", () => {
    expect(() => chunksWith(CHUNKS, ["/src/hall.tsx"])).toThrow("/src/hall.tsx");
  });
});
