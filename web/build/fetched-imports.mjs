// Has the files of each `import()` fetched before it. Many browsers remember that they could not load a module, and so
// would refuse that part of the client until the page is loaded anew, though the server is back (whatwg/html#6768).

/** The module of Vite that loads what an import needs, beside it. */
const HELPER = "\0vite/preload-helper.js";
const EXPORT = "export const __vitePreload = ";

export function fetchedImportsPlugin() {
  return {
    name: "fetched-imports",
    apply: "build",
    config: () => ({ build: { modulePreload: { resolveDependencies: withFile } } }),
    transform(code, id) {
      if (id !== HELPER) return null;
      const [before, helper, ...more] = code.split(EXPORT);
      if (helper === undefined || more.length > 0) {
        this.error(
          "Vite loads imports in another way, which build/fetched-imports.mjs does not know.",
        );
      }
      return {
        code: [
          'import { fetchFiles } from "/src/fetched-files.ts";',
          `${before}const load = ${helper};`,
          `${EXPORT}async (module, files, importer) => {`,
          "  await fetchFiles(files.map((file) => assetsURL(file, importer)));",
          "  return await load(module, files, importer);",
          "};",
        ].join("\n"),
        map: null,
      };
    },
  };
}

/** Vite leaves out the file itself where it is the only one. */
function withFile(file, others) {
  return [...new Set([file, ...others])];
}
