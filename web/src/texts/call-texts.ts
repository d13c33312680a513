/** The texts of the room and the call, which are loaded beside their chunk. */

import { catalogues } from "./browser-texts";
import type { Section } from "./messages";

const CALL_TEXTS = {
  english: null,
  loaded: import.meta.glob<Section>("./*.json", { query: "?section=call", import: "default" }),
};

export function loadCallTexts(): Promise<void> {
  return catalogues.add(CALL_TEXTS);
}
