import type { HealthWindow } from "./window";

/** A window of a good direct connection, but for the given values, for tests. */
export function windowOf(values: Partial<HealthWindow> = {}): HealthWindow {
  return {
    slot: 0,
    roundTripMs: 40,
    lossIn: 0,
    lossOut: 0,
    jitterMs: 3,
    received: 800_000,
    sent: 700_000,
    picturesIn: { height: 720, perSecond: 30 },
    picturesOut: { height: 720, perSecond: 30 },
    path: { isRelayed: false, transport: "udp" },
    limit: null,
    ...values,
  };
}
