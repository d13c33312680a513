import { type Background, parsedBackground } from "../../../call/effects/background";

/** The effects that were chosen in this browser, for the next room. */
const KEY = "parlour.effects";

export interface KeptEffects {
  readonly background: Background | null;
  readonly noise: boolean;
}

export function keptEffects(): KeptEffects {
  try {
    const { background, noise } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { background: parsedBackground(background), noise: noise === true };
  } catch {
    return { background: null, noise: false };
  }
}

export function keepEffects(change: Partial<KeptEffects>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...keptEffects(), ...change }));
  } catch {
    // Without storage, there are none next time.
  }
}
