/** The pauses between attempts: each twice as long as the one before, and random by half, so that clients spread. */
export class Backoff {
  #attempts = 0;

  constructor(
    private readonly firstMs: number,
    private readonly mostMs: number,
  ) {}

  /** How many pauses there were since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  nextMs(): number {
    const pause = Math.min(this.firstMs * 2 ** this.#attempts, this.mostMs);
    this.#attempts += 1;
    return pause * (0.5 + Math.random());
  }

  reset(): void {
    this.#attempts = 0;
  }
}
