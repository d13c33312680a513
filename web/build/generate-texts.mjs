// Writes src/texts/texts.gen.ts, the types of the texts; src/texts/translations.test.ts fails where it is out of date.

import { readFile, writeFile } from "node:fs/promises";
import { typesOf } from "./texts.mjs";

const TEXTS = new URL("../src/texts/", import.meta.url);
const english = JSON.parse(await readFile(new URL("en.json", TEXTS), "utf-8"));
await writeFile(new URL("texts.gen.ts", TEXTS), typesOf(english));
