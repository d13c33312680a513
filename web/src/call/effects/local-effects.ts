import { coresOfThisComputer } from "../cores";
import type { Background } from "./background";
import type { StartEffect } from "./effect";
import { EffectSlot } from "./effect-slot";

/** Longer than this for a picture, and motion stutters: at less than 12 pictures a second. */
const PICTURE_BUDGET_MS = 80;
/** Of the ten milliseconds of a piece of sound. */
const SOUND_BUDGET_MS = 6;

/** How effects are begun. Their code is loaded then, not with the room. */
export interface EffectStarters {
  readonly background: StartEffect<Background>;
  readonly noise: StartEffect<true>;
}

export const LOADED_STARTERS: EffectStarters = {
  background: async (...given) => (await import("./start-background")).startBackground(...given),
  noise: async (...given) =>
    (await import("./start-noise-suppression")).startNoiseSuppression(...given),
};

/** The places of the effects of this computer's devices. */
export class LocalEffects {
  readonly background: EffectSlot<Background>;
  readonly noise: EffectSlot<true>;

  constructor(changed: () => void, starters: EffectStarters) {
    const shared = { cores: coresOfThisComputer(), changed, now: () => performance.now() };
    this.background = new EffectSlot({
      ...shared,
      start: starters.background,
      budgetMs: PICTURE_BUDGET_MS,
      isDiscreet: true,
    });
    this.noise = new EffectSlot({
      ...shared,
      start: starters.noise,
      budgetMs: SOUND_BUDGET_MS,
      isDiscreet: false,
    });
  }
}
