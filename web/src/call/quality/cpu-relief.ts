/** For this long the CPU has to limit what is sent before less is asked of it, and to suffice before more is. */
export const STEP_MS = 60_000;
/** A sample without a limit, this soon after one with, means nothing: peers are sampled one by one. */
const LIMITED_FOR_MS = 5_000;

/** What is given up, in this order: each level includes those before it. */
export const RELIEF = { none: 0, fewerFrames: 1, fewerLines: 2, cheaperCodec: 3 } as const;

export type ReliefLevel = (typeof RELIEF)[keyof typeof RELIEF];

/**
 * How much less is asked of a CPU that does not suffice. Browsers themselves react within seconds, by smaller
 * pictures; this makes them need it no more, and comes back a step a minute.
 */
export class CpuRelief {
  #level: ReliefLevel = RELIEF.none;
  #limited: { since: number; until: number } | null = null;
  /** When the level may fall next. */
  #calmSince = 0;

  get level(): ReliefLevel {
    return this.#level;
  }

  /** Notes whether the CPU limits a picture that is sent; true where that changes the level. */
  note(isLimited: boolean, now: number): boolean {
    const before = this.#level;
    if (isLimited) this.#noteLimit(now);
    else if (!this.#limited || now > this.#limited.until) this.#noteCalm(now);
    return this.#level !== before;
  }

  #noteLimit(now: number): void {
    const goesOn = this.#limited && now <= this.#limited.until ? this.#limited : null;
    const since = goesOn?.since ?? now;
    this.#limited = { since, until: now + LIMITED_FOR_MS };
    if (now - since < STEP_MS) return;
    this.#limited.since = now;
    this.#level = Math.min(this.#level + 1, RELIEF.cheaperCodec) as ReliefLevel;
  }

  #noteCalm(now: number): void {
    if (this.#limited) this.#calmSince = now;
    this.#limited = null;
    if (this.#level === RELIEF.none || now - this.#calmSince < STEP_MS) return;
    this.#calmSince = now;
    this.#level = Math.max(this.#level - 1, RELIEF.none) as ReliefLevel;
  }
}
