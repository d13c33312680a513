import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = "http://localhost:8000";
const api =
  "^/(guest|client|logout|refresh|room|message|invitation|event|config|verification|link|session|account|password|email|ice|dev|openapi.json|asyncapi.json)(/|\\?|$)";

export default defineConfig({
  plugins: [react()],
  // The path below which it is served is known at run time: see src/base-path.ts.
  base: "./",
  build: {
    outDir: "../src/parlour/_web",
    emptyOutDir: true,
    assetsDir: "assets",
    // Inlined assets would be data: URLs, which the content security policy allows for images alone.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: { main: "index.html", docs: "docs/index.html" } },
  },
  server: { proxy: { [api]: server, "/socket.io": { target: server, ws: true } } },
});
