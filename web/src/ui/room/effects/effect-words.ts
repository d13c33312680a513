import type { EffectCost } from "../../../call/effects/effect";
import type { MediaView } from "../../../call/media";
import type { TranslateCall } from "../texts";

type Effects = Pick<MediaView, "background" | "noise">;

const GIVEN_UP = {
  background: {
    failed: "call.effects.backgroundFailed",
    "too-slow": "call.effects.backgroundTooSlow",
  },
  noise: { failed: "call.effects.noiseFailed", "too-slow": "call.effects.noiseTooSlow" },
} as const;

/** Says which effects were given up, and what that means for what the others see. */
export function effectSentences(t: TranslateCall, effects: Effects): string[] {
  return (["background", "noise"] as const).flatMap((kind) => {
    const { state } = effects[kind];
    return state === "failed" || state === "too-slow" ? [t(GIVEN_UP[kind][state])] : [];
  });
}

/** Writes the share of the processor that an effect takes, 1 % at least. */
export function shareWords(language: string, { share }: EffectCost): string {
  return new Intl.NumberFormat(language, { style: "percent" }).format(Math.max(share, 0.01));
}
