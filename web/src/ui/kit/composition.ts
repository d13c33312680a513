import type { KeyboardEvent } from "react";

/**
 * Whether a key belongs to an input method (Japanese, Chinese, Korean) that is composing a word. Safari ends the
 * composition before the event of the Enter that confirmed it; only its key code 229 shows that (UI Events, 6.3).
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

/** Prevents that the Enter which confirms a word submits the form. */
export function keepComposition(event: KeyboardEvent): void {
  if (event.key === "Enter" && isComposing(event)) event.preventDefault();
}
