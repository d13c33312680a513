const TICK_MS = 2_000;
/** Timers of a tab in the background run late, but not that late. */
const ASLEEP_MS = 10_000;

/**
 * Tells when what we know of the network may be wrong: it went, came or changed, the computer
 * slept, or the tab came back to the front.
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
