import { inPreferredOrder } from "../quality/codecs";
import type { TrackSource } from "../topology";

/** Our codecs for a section, those with these names first; null where the browser does not tell them. */
export function orderedCodecs(
  preferred: readonly string[],
  source: TrackSource,
): RTCRtpCodec[] | null {
  const kind = source === "microphone" ? "audio" : "video";
  const codecs = globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs;
  return codecs ? inPreferredOrder(codecs, preferred) : null;
}
