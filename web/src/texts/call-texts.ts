/** The texts of the room and the call, which come with their chunk. */

import { catalogues } from "./browser-texts";
import english from "./en.json?section=call";
import type { Section } from "./messages";

const CALL_TEXTS = {
  english,
  others: import.meta.glob<Section>(["./*.json", "!./en.json"], {
    query: "?section=call",
    import: "default",
  }),
};

export function loadCallTexts(): Promise<void> {
  return catalogues.add(CALL_TEXTS);
}
