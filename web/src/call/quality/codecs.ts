import { RELIEF, type ReliefLevel } from "./cpu-relief";
import type { PictureSource } from "./wishes";

/** What tells codecs apart, as in RTCRtpCodec. */
export interface Codec {
  readonly mimeType: string;
  readonly clockRate: number;
  readonly channels?: number;
  readonly sdpFmtpLine?: string;
}

export interface CodecSituation {
  readonly source: PictureSource;
  /** How many others are in the call: each gets an encoding of their own. */
  readonly others: number;
  /** Whether this computer encodes H.264 in hardware. */
  readonly hasH264Hardware: boolean;
  readonly isText: boolean;
  readonly relief: ReliefLevel;
  /** Cores of this computer. */
  readonly cores: number;
  /** Whether the connection has only begun, so that the first picture is waited for. */
  readonly isOpening: boolean;
}

/** Others up to which a computer encodes for each of them in a codec that costs twice as much as VP8. */
const FEW_OTHERS = 2;
/** A computer with no more cores than that does so for one other only: the page itself needs a core. */
const FEW_CORES = 2;
const CHEAP = ["video/VP8", "video/H264", "video/VP9", "video/AV1"];
const CHEAP_IN_HARDWARE = ["video/H264", "video/VP8", "video/VP9", "video/AV1"];
const DENSE = ["video/VP9", "video/VP8", "video/H264", "video/AV1"];
/** AV1 has tools of its own for screens, and five pictures a second cost little. */
const FOR_TEXT = ["video/AV1", "video/VP9", "video/VP8", "video/H264"];

/**
 * Names of video codecs, the best one first. A camera begins with a cheap one: while a connection is made, all cores
 * are busy with what comes before its first picture, which then comes sooner.
 */
export function preferredCodecs(situation: CodecSituation): readonly string[] {
  const { source, others, hasH264Hardware, isText, relief, cores, isOpening } = situation;
  const isCamera = source === "camera";
  const few = isCamera && cores <= FEW_CORES ? 1 : FEW_OTHERS;
  const mayCost = others <= few && relief < RELIEF.cheaperCodec;
  if (mayCost && !(isCamera && isOpening)) return !isCamera && isText ? FOR_TEXT : DENSE;
  return hasH264Hardware && isCamera ? CHEAP_IN_HARDWARE : CHEAP;
}

/** The best codec of those that both sides have agreed on; undefined where they have none of them. */
export function bestCodec<T extends Codec>(
  agreed: readonly T[],
  preferred: readonly string[],
): T | undefined {
  const usable = agreed.filter(isPlain);
  for (const name of preferred) {
    const found = usable.find(({ mimeType }) => isSame(mimeType, name));
    if (found) return found;
  }
  return undefined;
}

/** All codecs in order of preference; those that carry others (RTX, RED, FEC) stay, behind them. */
export function inPreferredOrder<T extends Codec>(
  codecs: readonly T[],
  preferred: readonly string[],
): T[] {
  const rank = (codec: T) => {
    const at = preferred.findIndex((name) => isSame(name, codec.mimeType));
    if (at < 0) return 2 * preferred.length;
    return isPlain(codec) ? at : preferred.length + at;
  };
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

/** Sound is sent twice (RED, RFC 2198) where both sides can: a lost packet is then not missed. */
export const PREFERRED_SOUND: readonly string[] = ["audio/red", "audio/opus"];

/** The sound of a screen is mostly music and films, of which a lost packet is hardly heard. */
export const PREFERRED_SCREEN_SOUND: readonly string[] = ["audio/opus"];

/** Whether it is the variant of its codec that every browser has: 8 bits, and packets that may be split. */
function isPlain({ mimeType, sdpFmtpLine = "" }: Codec): boolean {
  if (isSame(mimeType, "video/VP9")) return !/profile-id=[1-9]/.test(sdpFmtpLine);
  if (isSame(mimeType, "video/AV1")) return !/profile=[1-9]/.test(sdpFmtpLine);
  if (!isSame(mimeType, "video/H264")) return true;
  return /packetization-mode=1/.test(sdpFmtpLine) && /profile-level-id=42[ce]0/i.test(sdpFmtpLine);
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
