type Page = Pick<Document, "visibilityState" | "addEventListener">;

/**
 * Keeps the screen of this device on until the returned function is called. A browser lets it go whenever the page is
 * hidden, and refuses where the battery is low.
 */
export function keepAwake(
  page: Page = document,
  wakeLock: WakeLock | null = navigator.wakeLock ?? null,
): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  let held: WakeLockSentinel | null = null;
  let isAsking = false;
  const hold = async () => {
    const isHeld = held?.released === false;
    if (!wakeLock || isAsking || isHeld || page.visibilityState !== "visible") return;
    isAsking = true;
    try {
      held = await wakeLock.request("screen");
      if (signal.aborted) await held.release();
    } catch (error) {
      console.warn("The screen may go dark", error);
    } finally {
      isAsking = false;
    }
  };
  page.addEventListener("visibilitychange", () => void hold(), { signal });
  void hold();
  return () => {
    ending.abort();
    held?.release().catch((error: unknown) => console.warn("The screen stays on", error));
  };
}
