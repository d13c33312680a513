import { defineConfig } from "vite";

/** Builds the scripts of pages of the tests that need a part of the client alone: `test_sfu_topology` and `test_encrypted_calls` of tests/e2e. */
export default defineConfig({
  root: new URL(".", import.meta.url).pathname,
  logLevel: "warn",
  build: {
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { sfu: "sfu.ts", eavesdropper: "eavesdropper.ts" },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
});
