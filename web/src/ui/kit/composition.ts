import type { KeyboardEvent } from "react";

/**
 * The key belongs to an input method (Japanese, Chinese, Korean), which composes a word by it. Safari ends
 * the composition before it tells of the Enter that confirmed it: what is left to see is the key code 229
 * (UI Events, 6.3).
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

/** Keeps the Enter that confirms a word from submitting the form. */
export function keepComposition(event: KeyboardEvent): void {
  if (event.key === "Enter" && isComposing(event)) event.preventDefault();
}
