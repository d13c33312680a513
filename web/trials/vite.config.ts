import { defineConfig } from "vite";

/** Builds a page's script of the tests that need a part of the client alone: `tests/e2e/test_sfu_topology.py`. */
export default defineConfig({
  root: new URL(".", import.meta.url).pathname,
  logLevel: "warn",
  build: {
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { sfu: "sfu.ts" },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
});
