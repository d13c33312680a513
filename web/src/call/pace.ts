/**
 * The generic cell rate algorithm (GCRA): `burst` at once, then one each `everyMs`. What others make this
 * browser do has a pace, so that nobody's messages can keep the page busy.
 */
export class Pace {
  /** The moment at which all that was taken is paid for. */
  #paidAt = 0;

  constructor(
    private readonly burst: number,
    private readonly everyMs: number,
  ) {}

  /** Takes one turn if there is one. */
  take(now: number): boolean {
    if (this.waitMs(now) > 0) return false;
    this.#paidAt = Math.max(this.#paidAt, now) + this.everyMs;
    return true;
  }

  /** Milliseconds until there is a turn. */
  waitMs(now: number): number {
    return Math.max(0, this.#paidAt - now - (this.burst - 1) * this.everyMs);
  }
}
