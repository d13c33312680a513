export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Shorter movements are taps of an unsteady finger. */
const LEAST = 48;

/**
 * Gives how many pages a finger turns that moved from one point to another: 1 to the next, -1 to the one before, 0
 * where it scrolled or tapped. The next page comes from where the line of writing ends.
 */
export function pagesTurned(from: Point, to: Point, { isRtl }: { isRtl: boolean }): -1 | 0 | 1 {
  const [along, across] = [to.x - from.x, to.y - from.y];
  if (Math.abs(along) < LEAST || Math.abs(along) < 1.5 * Math.abs(across)) return 0;
  return along < 0 === isRtl ? -1 : 1;
}
