import { RateLimiter } from "../rate-limiter";

/** Connections that are built at once: many more in one go would freeze the page. */
const BURST = 16;
const EVERY_MS = 100;

interface Waiting {
  readonly limiter: RateLimiter;
  readonly build: () => void;
}

/**
 * Builds connections no faster than a browser can. Each peer has one place in the queue at most, and a rate
 * limit of its own, so that a peer whose connection is replaced over and over delays no other peer.
 */
export class BuildQueue {
  readonly #limiter = new RateLimiter(BURST, EVERY_MS);
  readonly #waiting = new Map<string, Waiting>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  has(peerID: string): boolean {
    return this.#waiting.has(peerID);
  }

  peerIDs(): string[] {
    return [...this.#waiting.keys()];
  }

  /** Builds now or when there is a turn. A request of the same peer that still waits is replaced. */
  request(peerID: string, limiter: RateLimiter, build: () => void): void {
    this.#waiting.set(peerID, { limiter, build });
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
    for (const [peerID, { limiter, build }] of [...this.#waiting]) {
      const now = this.now();
      if (this.#limiter.waitMs(now) > 0) break;
      if (!limiter.take(now)) continue;
      this.#limiter.take(now);
      this.#waiting.delete(peerID);
      build();
    }
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#work(), this.#untilNextMs());
  }

  #untilNextMs(): number {
    const now = this.now();
    const soonest = Math.min(
      ...[...this.#waiting.values()].map(({ limiter }) => limiter.waitMs(now)),
    );
    return Math.max(1, this.#limiter.waitMs(now), soonest);
  }
}
