// Holds how much script a browser loads for home, and for the room until a call shows its first picture: the build
// fails above these limits. Counted are all chunks that come with a page, in the language whose texts are largest,
// compressed as the server sends them.

import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";

const KB = 1000;

/** What each page loads: chunks by a module that they begin with or hold, and the sections of its texts. */
export const PAGES = {
  home: { limit: 120 * KB, modules: ["/src/main.tsx"], sections: ["common", "refusals"] },
  room: {
    limit: 224 * KB,
    modules: [
      "/src/main.tsx",
      "/src/ui/room/room-page.tsx",
      "/src/ui/room/password-gate.tsx",
      "/socket.io-client/build/esm/index.js",
    ],
    sections: ["common", "refusals", "call"],
  },
};

/** Lists the chunks with these modules, and all that they import before they run. */
export function chunksWith(chunks, modules) {
  const found = new Set();
  const take = (chunk) => {
    if (!chunk || found.has(chunk)) return;
    found.add(chunk);
    for (const file of chunk.imports) take(chunks.find(({ fileName }) => fileName === file));
  };
  for (const module of modules) {
    const holder = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(module)));
    if (!holder) throw new Error(`No chunk holds ${module}, which script-limits.mjs counts.`);
    take(holder);
  }
  return [...found];
}

/** Adds up the sizes of a page's chunks, and of its texts in the language that has the most. */
export function bytesOf(page, chunks, sizes) {
  const sum = (files) => files.reduce((bytes, { fileName }) => bytes + sizes.get(fileName), 0);
  const byLanguage = new Map();
  for (const { fileName } of chunks) {
    const [, section, language] = /\/texts-(\w+)-(\w\w)-[^/]*$/.exec(fileName) ?? [];
    if (!page.sections.includes(section)) continue;
    byLanguage.set(language, (byLanguage.get(language) ?? 0) + sizes.get(fileName));
  }
  return sum(chunksWith(chunks, page.modules)) + Math.max(0, ...byLanguage.values());
}

export function scriptLimitsPlugin() {
  return {
    name: "script-limits",
    apply: "build",
    generateBundle: {
      order: "post",
      async handler(_options, bundle) {
        const chunks = Object.values(bundle).filter(({ type }) => type === "chunk");
        const sizes = new Map();
        await Promise.all(
          chunks
            .filter(({ fileName }) => !fileName.includes("/docs-"))
            .map(async ({ fileName, code }) => {
              sizes.set(fileName, (await promisify(brotliCompress)(code)).length);
            }),
        );
        for (const [name, page] of Object.entries(PAGES)) {
          const bytes = bytesOf(page, chunks, sizes);
          const said = `Script of ${name}: ${(bytes / KB).toFixed(1)} KB of at most ${page.limit / KB}.`;
          if (bytes > page.limit) this.error(said);
          this.info(said);
        }
      },
    },
  };
}
