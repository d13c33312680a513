import type { Chunk } from "./chunk";

/** How many rounds there are: each after the first loads what could not be loaded before. */
const MOST_ROUNDS = 4;
/** The pause before each round after the first. */
export const ROUND_MS = 20_000;
/** The longest that a chunk is put off in a browser that is never idle. */
const IDLE_WITHIN_MS = 2_000;

/**
 * Loads chunks after a while, one at a time and each when the browser is idle, so that they are there when the server
 * is away. Returns how to end that.
 */
export function fetchWhenIdle(chunks: readonly Chunk<unknown>[], afterMs: number): () => void {
  const ending = new AbortController();
  void fetchInRounds(chunks, afterMs, ending.signal);
  return () => ending.abort();
}

async function fetchInRounds(
  chunks: readonly Chunk<unknown>[],
  afterMs: number,
  ending: AbortSignal,
): Promise<void> {
  const missing = () => chunks.filter(({ loaded }) => loaded === null);
  for (let round = 0; round < MOST_ROUNDS && missing().length > 0; round += 1) {
    await pause(round === 0 ? afterMs : ROUND_MS);
    for (const chunk of missing()) {
      await idleness();
      if (ending.aborted) return;
      await chunk.load().catch((error: unknown) => console.warn("A part of the client", error));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((over) => setTimeout(over, ms));
}

function idleness(): Promise<void> {
  // Safari has no such callback.
  if (typeof requestIdleCallback !== "function") return pause(0);
  return new Promise((over) => requestIdleCallback(() => over(), { timeout: IDLE_WITHIN_MS }));
}
