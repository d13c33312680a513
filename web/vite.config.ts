import optimizeLocales from "@react-aria/optimize-locales-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import { fetchedImportsPlugin } from "./build/fetched-imports.mjs";
import { scriptLimitsPlugin } from "./build/script-limits.mjs";
import { segmentationPlugin } from "./build/segmentation.mjs";
import { textsChunkName, textsPlugin } from "./build/texts.mjs";
import { API_PATHS, SOCKET_PATH } from "./proxies.gen.ts";

/** `make dev` says where its server listens; by itself it is where `make run` has it. */
const { PARLOUR_DEV_SERVER: server = "http://localhost:8000" } = loadEnv(
  "development",
  ".",
  "PARLOUR_",
);
const api = `^/(${API_PATHS.join("|").replaceAll(".", "\\.")})(/|\\?|$)`;

/** React Aria brings its own texts in 34 languages, of which those of src/texts/languages.ts are kept. */
const reactAriaTexts = optimizeLocales.vite({
  locales: ["en-US", "de-DE", "es-ES", "fr-FR", "ru-RU", "ar-AE"],
});

export default defineConfig({
  plugins: [
    textsPlugin(),
    segmentationPlugin(),
    fetchedImportsPlugin(),
    reactAriaTexts,
    react(),
    scriptLimitsPlugin(),
  ],
  // The path below which it is served is known at run time: see src/base-path.ts.
  base: "./",
  build: {
    outDir: "../src/parlour/_web",
    emptyOutDir: true,
    assetsDir: "assets",
    // Inlined assets would be data: URLs, which the content security policy allows for images alone.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: { main: "index.html", docs: "docs/index.html" },
      output: {
        chunkFileNames: ({ facadeModuleId, name }) =>
          // What all parts share is no catalogue, though a module called `texts` is among it.
          `assets/${textsChunkName(facadeModuleId) ?? name.replace(/^texts$/, "kit")}-[hash].js`,
      },
    },
  },
  server: { proxy: { [api]: server, [SOCKET_PATH]: { target: server, ws: true } } },
});
