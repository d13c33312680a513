/** The length of a window. All windows of a page lie on one grid of slots, so that participants can be compared. */
export const WINDOW_MS = 5_000;
/** Windows that are kept of a participant: ten minutes. */
export const KEPT_WINDOWS = 120;

/** The way that media take. */
export interface MediaPath {
  readonly isRelayed: boolean;
  readonly transport: "udp" | "tcp";
}

/** Moving pictures of one direction; of several sources the largest. */
export interface Pictures {
  /** In pixels; null where the browser does not tell. */
  readonly height: number | null;
  readonly perSecond: number;
}

/** What held the pictures down that we sent, for most of a window. */
export type Limit = "cpu" | "bandwidth";

/** How media travelled between us and one participant for about five seconds. Null is what cannot be told. */
export interface HealthWindow {
  /** The number of the slot that it ended in, or right after: time in units of `WINDOW_MS`. */
  readonly slot: number;
  readonly roundTripMs: number | null;
  /** Shares of packets, 0 to 1. Null where too few travelled to tell. */
  readonly lossIn: number | null;
  readonly lossOut: number | null;
  readonly jitterMs: number | null;
  /** In bit/s. */
  readonly received: number;
  readonly sent: number;
  readonly picturesIn: Pictures | null;
  readonly picturesOut: Pictures | null;
  readonly path: MediaPath | null;
  readonly limit: Limit | null;
}

/** Hears each window of each participant, by the participant's id. */
export type HealthListener = (id: string, window: HealthWindow) => void;

/** The time of a slot's beginning, in milliseconds since 1970. */
export function timeOfSlot(slot: number, origin: number = performance.timeOrigin): number {
  return origin + slot * WINDOW_MS;
}
