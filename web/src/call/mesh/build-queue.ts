import { RateLimiter } from "../rate-limiter";

/** A room of sixteen stands at once; to build many more in one go would freeze the page. */
const BURST = 16;
const EVERY_MS = 100;

interface Waiting {
  readonly pace: RateLimiter;
  readonly build: () => void;
}

/**
 * Builds connections no faster than a browser can. Each peer has one place in the line at most, and a pace
 * of its own, so that one whose connection is to be replaced over and over holds up nobody else.
 */
export class BuildQueue {
  readonly #pace = new RateLimiter(BURST, EVERY_MS);
  readonly #waiting = new Map<string, Waiting>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  has(peerID: string): boolean {
    return this.#waiting.has(peerID);
  }

  peerIDs(): string[] {
    return [...this.#waiting.keys()];
  }

  /** Builds at once where there is a turn, else later; what the same peer waits for gives way. */
  request(peerID: string, pace: RateLimiter, build: () => void): void {
    this.#waiting.set(peerID, { pace, build });
    this.#work();
  }

  cancel(peerID: string): void {
    this.#waiting.delete(peerID);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #work(): void {
    clearTimeout(this.#timer);
    for (const [peerID, { pace, build }] of [...this.#waiting]) {
      const now = this.now();
      if (this.#pace.waitMs(now) > 0) break;
      if (!pace.take(now)) continue;
      this.#pace.take(now);
      this.#waiting.delete(peerID);
      build();
    }
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#work(), this.#untilNextMs());
  }

  #untilNextMs(): number {
    const now = this.now();
    const soonest = Math.min(...[...this.#waiting.values()].map(({ pace }) => pace.waitMs(now)));
    return Math.max(1, this.#pace.waitMs(now), soonest);
  }
}
