// Puts the workers of @twilio/video-processors, with the model and the WebAssembly that they load by name from
// beside them, into one folder whose name has the hash of all of them.
//
// `import folder from "segmentation-folder"` gives the address of that folder.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const SOURCE = new URL("../node_modules/@twilio/video-processors/dist/build/", import.meta.url);
/** Without the build of WebAssembly without SIMD: each browser that can do what effects need has SIMD. */
const FILES = [
  "selfie_segmentation_landscape.tflite",
  "tflite-simd-1-0-0.js",
  "tflite-simd-1-0-0.wasm",
  "twilio-gaussian-blur-background-processor-pipeline-worker.js",
  "twilio-virtual-background-processor-pipeline-worker.js",
];
const NAME = "segmentation-folder";
const RESOLVED = `\0${NAME}`;

export function segmentationPlugin() {
  let isServed = false;
  let folder = "";
  return {
    name: "segmentation",
    configResolved({ command }) {
      isServed = command === "serve";
    },
    resolveId: (source) => (source === NAME ? RESOLVED : null),
    async load(id) {
      if (id !== RESOLVED) return null;
      if (isServed) return `export default ${JSON.stringify(`/@fs${fileURLToPath(SOURCE)}`)};`;
      const files = await Promise.all(
        FILES.map(async (name) => ({ name, source: await readFile(new URL(name, SOURCE)) })),
      );
      const hash = createHash("sha256");
      for (const { source } of files) hash.update(source);
      folder = `segmentation-${hash.digest("base64url").slice(0, 8)}`;
      for (const { name, source } of files) {
        this.emitFile({ type: "asset", fileName: `assets/${folder}/${name}`, source });
      }
      return `export default new URL(import.meta.url).href.replace(/[^/]*$/, ${JSON.stringify(`${folder}/`)});`;
    },
  };
}
