// Compiles the catalogues of src/texts: ICU messages (JSON) become functions, at build time.
//
// `import en from "./en.json?section=common"` gives the compiled messages of one section of a catalogue, so that
// a page loads the texts of its own chunk and language alone. docs/translations.md says how they are written.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { compileString } from "@internationalized/string-compiler";

/** The sections, each with the beginning of its keys. The first is the one of all other keys. */
export const SECTIONS = { common: "", call: "call.", check: "check.", refusals: "refusal." };

/** Marks a tag of rich text: `<link>` and `</link>`. Characters of the private use area stand in no text. */
const TAG = /<(\/?)([a-zA-Z]+)>/g;
const OPEN = "\uE000";
const CLOSE = "\uE001";

export function sectionOf(key) {
  const [section] = Object.entries(SECTIONS).find(
    ([, start]) => start && key.startsWith(start),
  ) ?? ["common"];
  return section;
}

/** Compiles the messages of one section to the source of a JavaScript module. */
export function compileSection(messages, section) {
  const lines = Object.entries(messages)
    .filter(([key]) => sectionOf(key) === section)
    .map(([key, message]) => `${JSON.stringify(key)}: ${compiled(key, message)},`);
  return `export default {\n${lines.join("\n")}\n};\n`;
}

function compiled(key, message) {
  try {
    return compileString(message.replaceAll(TAG, `${OPEN}$1$2${CLOSE}`));
  } catch (error) {
    throw new Error(`The text ${key} cannot be compiled: ${error.message}`, { cause: error });
  }
}

/** Lists the parameters of a message with their kinds: text, number, one of some words, or tag. */
export function parametersOf(message) {
  const found = new Map();
  for (const part of allParts(message)) {
    if (part.type === TYPE.tag) found.set(part.value, { kind: "tag" });
    else if (part.type === TYPE.plural || part.type === TYPE.number) {
      found.set(part.value, { kind: "number" });
    } else if (part.type === TYPE.select) {
      found.set(part.value, { kind: "select", words: Object.keys(part.options).sort() });
    } else if (part.type === TYPE.argument && !found.has(part.value)) {
      found.set(part.value, { kind: "text" });
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Lists the plurals of a message, each as its categories, such as `one` and `other`. */
export function pluralsOf(message) {
  return allParts(message)
    .filter((part) => part.type === TYPE.plural)
    .map((part) => Object.keys(part.options));
}

function allParts(message) {
  const within = (part) => [
    part,
    ...(part.type === TYPE.tag ? part.children.flatMap(within) : []),
    ...(part.type === TYPE.plural || part.type === TYPE.select
      ? Object.values(part.options).flatMap(({ value }) => value.flatMap(within))
      : []),
  ];
  return parse(message).flatMap(within);
}

function typeOf({ kind, words }) {
  if (kind === "tag") return "Tag";
  if (kind === "number") return "number";
  return kind === "text" ? "string" : words.map((word) => JSON.stringify(word)).join(" | ");
}

/** Writes the types of the English catalogue: a text without one of its parameters is a type error. */
export function typesOf(messages) {
  const lines = { common: [], call: [], check: [], refusals: [] };
  for (const [key, message] of Object.entries(messages)) {
    const parameters = Object.entries(parametersOf(message)).map(
      ([name, parameter]) => `${name}: ${typeOf(parameter)}`,
    );
    const type = parameters.length > 0 ? `{ ${parameters.join("; ")} }` : "None";
    lines[sectionOf(key)].push(`  ${JSON.stringify(key)}: ${type};`);
  }
  return [
    "// Generated from en.json by `make generate`. Do not edit.",
    "",
    'import type { None, Tag } from "./messages";',
    "",
    "/** The texts that are always loaded, and their parameters. */",
    `export interface CommonTexts {\n${lines.common.join("\n")}\n}`,
    "",
    "/** The texts of the room and the call. */",
    `export interface CallOnlyTexts {\n${lines.call.join("\n")}\n}`,
    "",
    "/** The texts of checks. */",
    `export interface CheckOnlyTexts {\n${lines.check.join("\n")}\n}`,
    "",
  ].join("\n");
}

const REQUEST = /\.json\?section=(\w+)$/;
const RESOLVED = /^\0texts\/(\w+)\/(.*)$/;

/** Loads a section of a catalogue in Vite and Vitest. The resolved name has no .json, which Vite would parse. */
export function textsPlugin() {
  return {
    name: "texts",
    enforce: "pre",
    async resolveId(source, importer) {
      const section = REQUEST.exec(source)?.[1];
      if (!section) return null;
      const file = await this.resolve(source.replace(REQUEST, ".json"), importer, {
        skipSelf: true,
      });
      if (!file) return null;
      return `\0texts/${section}/${file.id.replace(/\.json$/, "")}`;
    },
    async load(id) {
      const [, section, path] = RESOLVED.exec(id) ?? [];
      if (!path) return null;
      const file = `${path}.json`;
      this.addWatchFile(file);
      return compileSection(JSON.parse(await readFile(file, "utf-8")), section);
    },
  };
}

/** Names the chunk of a section, such as `texts-common-de`, by which the server finds it; null for other chunks. */
export function textsChunkName(moduleId) {
  const [, section, path] = RESOLVED.exec(moduleId ?? "") ?? [];
  return path ? `texts-${section}-${basename(path)}` : null;
}
