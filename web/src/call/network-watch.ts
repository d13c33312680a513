import type { HealthCheckReason } from "./topology";

const TICK_MS = 2_000;
/** A timer this late means that the computer slept; timers of background tabs are less late. */
const ASLEEP_MS = 10_000;

/** `network-changed` where the browser says so; the other one where there may be something that it did not see. */
export type NetworkNews = Extract<HealthCheckReason, "network-changed" | "may-be-broken">;

/** The part of NetworkInformation that is read; phones tell the type. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/**
 * Calls `changed` when the network may have changed: it went, came or changed, the computer slept, or the tab came
 * to the front. The returned function ends it.
 */
export function watchNetwork(changed: (news: NetworkNews) => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const mayBeBroken = () => changed("may-be-broken");
  window.addEventListener("online", () => changed("network-changed"), { signal });
  window.addEventListener("pageshow", mayBeBroken, { signal });
  const { connection } = navigator as { connection?: NetworkInformation };
  let type = connection?.type;
  // It is told of each new estimate of the bandwidth, too.
  const follow = () => {
    const isOther = connection?.type !== type;
    type = connection?.type;
    changed(isOther ? "network-changed" : "may-be-broken");
  };
  connection?.addEventListener("change", follow, { signal });
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "visible") mayBeBroken();
    },
    { signal },
  );
  let last = Date.now();
  const tick = setInterval(() => {
    const now = Date.now();
    if (now - last > ASLEEP_MS) mayBeBroken();
    last = now;
  }, TICK_MS);
  return () => {
    clearInterval(tick);
    ending.abort();
  };
}
