/** The share of a connection's estimate that is used; the rest is for what the estimate does not see. */
export const SHARE = 0.85;
/** Estimates that count: the least of the latest. The first ones of a connection only begin to grow. */
const SAMPLES = 3;
/** What a connection is trusted with, in bit/s, while its estimate grows: enough for good 360 lines. */
export const OPENING = 600_000;
/** Below this, in bit/s, pictures would take from the sound and show nothing. */
export const LEAST_VIDEO = 50_000;
/** Time before more than the estimate is tried, doubled each time that it is of no use. */
export const WAIT_MS = 10_000;
export const LONGEST_WAIT_MS = 80_000;
/** Time for an estimate to grow. */
export const TRY_MS = 5_000;
/** A larger estimate by this factor was worth a try. */
const GROWN = 1.1;

/** What pictures may take on a connection. */
export interface Budget {
  /** In bit/s; null where nothing is known, 0 where pictures are to pause. */
  readonly bitrate: number | null;
  /** Whether more may be sent, though no larger pictures, so that the estimate can grow. */
  readonly isTrying: boolean;
}

/**
 * How many bit/s pictures may take on one connection, by the congestion control's estimates. What is not sent, they
 * cannot know: an estimate hardly grows beyond what is sent, so more than it is tried from time to time.
 */
export class Bandwidth {
  readonly #estimates: number[] = [];
  /** Whether the browser makes estimates; assumed until it does not. */
  #isEstimated = true;
  /** The next try, or the one that is made, and the estimate with which it began. */
  #try: { at: number; wait: number; before: number | null } = {
    at: 0,
    wait: WAIT_MS,
    before: null,
  };

  /**
   * Notes an estimate in bit/s, for all that is sent; null in browsers that make none. Where the line is
   * congested, it is no time to try for more.
   */
  note(estimate: number | null, now: number, isCongested = false): void {
    this.#isEstimated = estimate !== null;
    if (estimate === null) return;
    this.#estimates.push(estimate);
    if (this.#estimates.length > SAMPLES) this.#estimates.shift();
    if (isCongested && !this.isOpening && this.#left(0) >= LEAST_VIDEO) this.#postpone(now);
  }

  /** Whether the estimate only begins to grow. */
  get isOpening(): boolean {
    return this.#isEstimated && this.#estimates.length < SAMPLES;
  }

  /** The budget for pictures once `sound` has its own. */
  forPictures(sound: number, now: number): Budget {
    if (!this.#isEstimated) return { bitrate: null, isTrying: false };
    if (this.isOpening) {
      this.#postpone(now);
      const latest = Math.round((this.#estimates.at(-1) ?? 0) * SHARE - sound);
      return { bitrate: Math.max(OPENING, latest), isTrying: true };
    }
    const left = this.#left(sound);
    const isTrying = this.#isTrying(now);
    if (left >= LEAST_VIDEO) return { bitrate: left, isTrying };
    return { bitrate: isTrying ? LEAST_VIDEO : 0, isTrying: false };
  }

  #left(sound: number): number {
    return Math.round(Math.min(...this.#estimates) * SHARE - sound);
  }

  #isTrying(now: number): boolean {
    if (now < this.#try.at) return false;
    const estimate = Math.min(...this.#estimates);
    this.#try.before ??= estimate;
    if (now < this.#try.at + TRY_MS) return true;
    const hasGrown = estimate > this.#try.before * GROWN;
    const wait = hasGrown ? WAIT_MS : Math.min(this.#try.wait * 2, LONGEST_WAIT_MS);
    this.#try = { at: now + wait, wait, before: null };
    return false;
  }

  #postpone(now: number): void {
    this.#try = { at: now + WAIT_MS, wait: WAIT_MS, before: null };
  }
}
