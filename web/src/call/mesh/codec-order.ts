import { inPreferredOrder } from "../quality/codecs";
import type { TrackSource } from "../topology";
import { kindOf } from "./media-sections";

/** Our codecs for a section, those with these names first; null where the browser does not tell them. */
export function orderedCodecs(
  preferred: readonly string[],
  source: TrackSource,
): RTCRtpCodec[] | null {
  const kind = kindOf(source);
  const codecs = globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs;
  return codecs ? inPreferredOrder(codecs, preferred) : null;
}
