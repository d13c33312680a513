import { shortened } from "../../length";
import type { SessionDescription } from "../../wire.gen";
import { RateLimiter } from "../rate-limiter";

/**
 * Bounds of the work and memory that peers may cost this browser. The server has bounds of its own; these hold
 * against a dishonest server too, and for data channels, which do not pass through the server.
 */

/** The most connections in one call where the server names no number: its own default. */
export const MAX_PEERS = 64;
/** The most connections whatever number the server names. */
export const MOST_PEERS = 512;
/** In characters. A description with every codec and all candidates has 20,000. */
const MAX_DESCRIPTION = 100_000;
/** Media sections of a description. We offer four at most; a browser makes a track, and more, for each. */
const MAX_SECTIONS = 16;
const MAX_NAME = 64;
/** The most signals that are kept for a connection which is yet to be built or set up. */
export const MAX_EARLY = 100;

export function isAcceptable({ sdp = "" }: SessionDescription): boolean {
  if (sdp.length > MAX_DESCRIPTION) return false;
  return (sdp.match(/^m=/gm)?.length ?? 0) <= MAX_SECTIONS;
}

export function shortName(name: string): string {
  const short = shortened(name, MAX_NAME);
  return short === name ? name : `${short}…`;
}

/** Rate limits of one peer, over all connections that take each other's place. */
export class PeerRateLimits {
  /** An honest peer builds its connection anew only after a loss. */
  readonly builds = new RateLimiter(4, 3_000);
  readonly descriptions = new RateLimiter(30, 500);
  readonly candidates = new RateLimiter(400, 50);
}
