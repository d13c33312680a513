/**
 * The generic cell rate algorithm (GCRA): `burst` turns at once, then one turn each `everyMs`. It limits the
 * work that messages of other people cause, so that nobody can keep the page busy.
 */
export class RateLimiter {
  /** GCRA's theoretical arrival time: the moment at which all turns taken so far are paid for. */
  #paidAt = 0;

  constructor(
    private readonly burst: number,
    private readonly everyMs: number,
  ) {}

  /** Takes a turn; false where there is none now. */
  take(now: number): boolean {
    if (this.waitMs(now) > 0) return false;
    this.#paidAt = Math.max(this.#paidAt, now) + this.everyMs;
    return true;
  }

  /** Milliseconds until the next turn. */
  waitMs(now: number): number {
    return Math.max(0, this.#paidAt - now - (this.burst - 1) * this.everyMs);
  }
}
