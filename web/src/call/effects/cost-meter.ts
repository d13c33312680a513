import type { EffectCost } from "./effect";

/** For this long the pieces have to take longer than the budget before the effect is given up. */
export const TOO_SLOW_MS = 10_000;
/** Costs are averages of this long, so that a single stutter counts little. */
export const AVERAGED_MS = 2_000;

/** Measures what an effect costs, and whether that has been too much for long. */
export class CostMeter {
  #cost: EffectCost | null = null;
  #begun: number | null = null;
  #pieces = 0;
  #sumMs = 0;
  /** Since when every average is above the budget. */
  #slowSince: number | null = null;
  #isTooSlow = false;

  constructor(
    private readonly cores: number,
    private readonly budgetMs: number,
  ) {}

  get cost(): EffectCost | null {
    return this.#cost;
  }

  get isTooSlow(): boolean {
    return this.#isTooSlow;
  }

  /** Notes that some pieces took `tookMs` together, until `now`; true where that completes an average. */
  note(tookMs: number, now: number, pieces = 1): boolean {
    this.#begun ??= now - tookMs;
    this.#pieces += pieces;
    this.#sumMs += tookMs;
    const elapsed = now - this.#begun;
    if (elapsed < AVERAGED_MS) return false;
    const mean = this.#sumMs / this.#pieces;
    const share = Math.min(this.#sumMs / elapsed / Math.max(this.cores, 1), 1);
    this.#cost = { tookMs: mean, share };
    this.#judge(mean, now);
    this.#begun = now;
    this.#pieces = this.#sumMs = 0;
    return true;
  }

  #judge(mean: number, now: number): void {
    if (mean <= this.budgetMs) this.#slowSince = null;
    else {
      this.#slowSince ??= this.#begun ?? now;
      this.#isTooSlow ||= now - this.#slowSince >= TOO_SLOW_MS;
    }
  }
}
