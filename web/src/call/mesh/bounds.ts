import { shortened } from "../../length";
import type { SessionDescription } from "../../wire.gen";
import { Pace } from "../pace";

/**
 * What this browser builds and reads for others, at most. The server has bounds of its own; these hold for
 * a dishonest one too, and for peers, whose data channels pass by it.
 */

/** Connections in one call where the server does not say; it lets no more people in by default. */
export const MAX_PEERS = 64;
/** Whatever the server says. */
export const MOST_PEERS = 512;
/** Characters. A description with every codec and all candidates has 20,000. */
const MAX_DESCRIPTION = 100_000;
/** Of media. We offer three; a browser makes a track, and more, for each. */
const MAX_SECTIONS = 16;
const MAX_NAME = 64;
/** Messages that are kept for a connection which is yet to be built, or set up. */
export const MAX_EARLY = 100;

export function isAcceptable({ sdp = "" }: SessionDescription): boolean {
  if (sdp.length > MAX_DESCRIPTION) return false;
  return (sdp.match(/^m=/gm)?.length ?? 0) <= MAX_SECTIONS;
}

export function shortName(name: string): string {
  const short = shortened(name, MAX_NAME);
  return short === name ? name : `${short}…`;
}

/** How much one peer may have this browser do, over all connections that take each other's place. */
export class PeerAllowance {
  /** An honest peer builds its connection once more after each of its losses. */
  readonly builds = new Pace(4, 3_000);
  readonly descriptions = new Pace(30, 500);
  readonly candidates = new Pace(400, 50);
}
