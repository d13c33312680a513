import type { ChatEntry } from "./chat-entries";

/** The most messages that are rendered at once; the others are known, and come in when one scrolls to them. */
export const MAX_SHOWN = 200;
const STEP = 50;

/** The id of the last message that is shown; null for the newest, whichever that is. */
export type WindowEnd = string | null;

/** The range of entries that are shown, `to` not included. */
export function shownRange(entries: readonly ChatEntry[], end: WindowEnd) {
  const index = end === null ? -1 : entries.findIndex(({ message_id }) => message_id === end);
  const to = index < 0 ? entries.length : Math.max(index + 1, Math.min(MAX_SHOWN, entries.length));
  return { from: Math.max(0, to - MAX_SHOWN), to };
}

export function earlierEnd(entries: readonly ChatEntry[], end: WindowEnd): WindowEnd {
  const { from, to } = shownRange(entries, end);
  return from === 0 ? end : endAt(entries, to - Math.min(STEP, from));
}

export function laterEnd(entries: readonly ChatEntry[], end: WindowEnd): WindowEnd {
  return endAt(entries, shownRange(entries, end).to + STEP);
}

/** Moves the window as little as needed to show a message, with others below it. */
export function endShowing(entries: readonly ChatEntry[], end: WindowEnd, id: string): WindowEnd {
  const index = entries.findIndex(({ message_id }) => message_id === id);
  const { from, to } = shownRange(entries, end);
  return index >= from && index < to ? end : endAt(entries, index + MAX_SHOWN / 2);
}

function endAt(entries: readonly ChatEntry[], to: number): WindowEnd {
  return to >= entries.length ? null : (entries[to - 1]?.message_id ?? null);
}
