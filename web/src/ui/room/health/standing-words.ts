import type { Standing } from "../../../call/health/mark";
import type { TranslateCall } from "../texts";

export function standingWords(t: TranslateCall, { mark }: Standing): string {
  return t(`call.health.${mark}`);
}
