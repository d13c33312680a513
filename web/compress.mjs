// Writes `x.js.br` and `x.js.gz` beside each file `x.js` of the build, for the server to choose from.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const BUILD = fileURLToPath(new URL("../src/parlour/_web/", import.meta.url));
const COMPRESSIBLE = /\.(?:js|css|svg|json|webmanifest|wasm|tflite)$/;
/** Below it, the answer's head is most of what is sent. */
const SMALLEST_BYTES = 512;

async function compress(path) {
  const content = await readFile(path);
  if (content.length < SMALLEST_BYTES) return;
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const [brotli, gzipped] = await Promise.all([
    promisify(brotliCompress)(content, { params }),
    promisify(gzip)(content, { level: 9 }),
  ]);
  await Promise.all([writeFile(`${path}.br`, brotli), writeFile(`${path}.gz`, gzipped)]);
}

const files = await readdir(BUILD, { recursive: true });
await Promise.all(
  files.filter((file) => COMPRESSIBLE.test(file)).map((file) => compress(BUILD + file)),
);
