const TICK_MS = 2_000;
/** A timer this late means that the computer slept; timers of background tabs are less late. */
const ASLEEP_MS = 10_000;

/**
 * Calls `changed` when the network may have changed: it went, came or changed, the computer slept, or the tab came
 * to the front. The returned function ends it.
 */
export function watchNetwork(changed: () => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const { connection } = navigator as { connection?: EventTarget };
  for (const event of ["online", "pageshow"]) window.addEventListener(event, changed, { signal });
  connection?.addEventListener("change", changed, { signal });
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "visible") changed();
    },
    { signal },
  );
  let last = Date.now();
  const tick = setInterval(() => {
    const now = Date.now();
    if (now - last > ASLEEP_MS) changed();
    last = now;
  }, TICK_MS);
  return () => {
    clearInterval(tick);
    ending.abort();
  };
}
