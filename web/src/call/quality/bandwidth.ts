/** The share of a connection's estimate that is used; the rest is for what the estimate does not see. */
export const SHARE = 0.85;
/** Estimates that count: the least of the latest. The first ones of a connection only begin to grow. */
const SAMPLES = 3;
/**
 * What a connection is trusted with, in bit/s, while its estimate grows: enough for good 360 lines. Chromium looks for
 * no more than twice of what it may send.
 */
export const OPENING = 600_000;
/** Below this, in bit/s, pictures would take from the sound and show nothing. */
export const LEAST_VIDEO = 50_000;
/** Time without pictures before they are tried again, doubled each time that it fails. */
export const PAUSE_MS = 10_000;
export const MOST_PAUSE_MS = 80_000;
/** Time for an estimate to grow; without pictures to send, it cannot. */
export const TRY_MS = 6_000;

/** How many bit/s pictures may take on one connection, by the congestion control's estimates. */
export class Bandwidth {
  readonly #estimates: number[] = [];
  /** Whether the browser makes estimates; assumed until it does not. */
  #isEstimated = true;
  #pause: { since: number; readonly length: number } | null = null;
  #nextPause = PAUSE_MS;

  /** Notes an estimate in bit/s, for all that is sent; null in browsers that make none. */
  note(estimate: number | null): void {
    this.#isEstimated = estimate !== null;
    if (estimate === null) return;
    this.#estimates.push(estimate);
    if (this.#estimates.length > SAMPLES) this.#estimates.shift();
  }

  /** Whether the estimate only begins to grow. */
  get isOpening(): boolean {
    return this.#isEstimated && this.#estimates.length < SAMPLES;
  }

  /** The bitrate for pictures once `sound` has its own. Null where nothing is known; 0 where they are to pause. */
  forPictures(sound: number, now: number): number | null {
    if (!this.#isEstimated) return null;
    const latest = this.#estimates.at(-1) ?? 0;
    if (this.isOpening) return Math.max(OPENING, Math.round(latest * SHARE - sound));
    const left = Math.round(Math.min(...this.#estimates) * SHARE - sound);
    if (left >= LEAST_VIDEO) {
      if (this.#pause) this.#nextPause = PAUSE_MS;
      this.#pause = null;
      return left;
    }
    return this.#whilePaused(now);
  }

  #whilePaused(now: number): number {
    this.#pause ??= { since: now, length: this.#nextPause };
    const { since, length } = this.#pause;
    if (now < since + length) return 0;
    if (now < since + length + TRY_MS) return LEAST_VIDEO;
    this.#nextPause = Math.min(length * 2, MOST_PAUSE_MS);
    this.#pause = { since: now, length: this.#nextPause };
    return 0;
  }
}
