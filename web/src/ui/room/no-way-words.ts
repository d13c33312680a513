import type { Unreachable } from "../../call/topology";
import type { TranslateCall } from "./texts";

/** Says what keeps somebody from us, as far as this browser can tell. */
export function noWayWords(t: TranslateCall, { relay, fault }: Unreachable): string {
  if (!relay) return t("call.tile.noWayNoRelay");
  return fault ? t(`call.tile.noWay.${fault}`) : t("call.tile.noWayText");
}
