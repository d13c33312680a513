import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Builds the page of `tests/e2e/test_swap_of_pictures.py`. */
export default defineConfig({
  root: new URL(".", import.meta.url).pathname,
  plugins: [react()],
  logLevel: "warn",
  build: { emptyOutDir: true, minify: false },
});
