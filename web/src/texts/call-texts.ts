/** The texts of the room and the call, and those of checks, which are loaded beside their chunks. */

import { catalogues } from "./browser-texts";
import type { Section } from "./messages";

const CALL_TEXTS = {
  english: null,
  loaded: import.meta.glob<Section>("./*.json", { query: "?section=call", import: "default" }),
};

export function loadCallTexts(): Promise<void> {
  return catalogues.add(CALL_TEXTS);
}

const CHECK_TEXTS = {
  english: null,
  loaded: import.meta.glob<Section>("./*.json", { query: "?section=check", import: "default" }),
};

export function loadCheckTexts(): Promise<void> {
  return catalogues.add(CHECK_TEXTS);
}
