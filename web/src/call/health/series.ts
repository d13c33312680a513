import type { HealthRecord } from "./call-health";
import type { HealthWindow } from "./window";

/** What can be drawn over time. */
export const MEASURES = ["round-trip", "loss", "jitter", "received", "sent", "pictures"] as const;
export type Measure = (typeof MEASURES)[number];

export interface Series {
  /** The participant's. */
  readonly id: string;
  /** One for each slot; null where nothing was measured. */
  readonly values: readonly (number | null)[];
}

/** Series that share their slots, which have no gaps. */
export interface Chart {
  readonly slots: readonly number[];
  readonly series: readonly Series[];
}

/** In milliseconds, percent, Mbit/s, and pictures a second. */
export function measured(window: HealthWindow, measure: Measure): number | null {
  switch (measure) {
    case "round-trip":
      return window.roundTripMs;
    case "loss":
      return lossOf(window);
    case "jitter":
      return window.jitterMs;
    case "received":
      return window.received / 1e6;
    case "sent":
      return window.sent / 1e6;
    case "pictures":
      return window.picturesIn?.perSecond ?? null;
  }
}

/** Lays the records of participants over each other. Those without a window are left out. */
export function chartOf(records: readonly HealthRecord[], measure: Measure): Chart {
  const drawn = records.filter(({ windows }) => windows.length > 0);
  const ends = drawn.flatMap(({ windows }) => [windows[0]?.slot ?? 0, windows.at(-1)?.slot ?? 0]);
  const first = Math.min(...ends);
  const count = ends.length > 0 ? Math.max(...ends) - first + 1 : 0;
  const slots = Array.from({ length: count }, (_, index) => first + index);
  const series = drawn.map(({ id, windows }) => {
    const bySlot = new Map(windows.map((window) => [window.slot, measured(window, measure)]));
    return { id, values: slots.map((slot) => bySlot.get(slot) ?? null) };
  });
  return { slots, series };
}

export interface Summary {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** Null where nothing was measured. */
export function summaryOf(values: readonly (number | null)[]): Summary | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [least, most] = [known[0], known.at(-1)];
  const median = known[Math.floor((known.length - 1) / 2)];
  if (least === undefined || most === undefined || median === undefined) return null;
  return { least, median, most };
}

/** The worse of both ways, in percent; null where neither is known. */
function lossOf({ lossIn, lossOut }: HealthWindow): number | null {
  const known = [lossIn, lossOut].filter((loss) => loss !== null);
  return known.length > 0 ? 100 * Math.max(...known) : null;
}
