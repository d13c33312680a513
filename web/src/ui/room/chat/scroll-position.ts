/** The part of an element that scrolls. */
export interface ScrollBox {
  readonly scrollTop: number;
  readonly scrollHeight: number;
  readonly clientHeight: number;
}

/** Positions are fractions of pixels, which browsers round. */
const ROUNDED = 1;

/**
 * How many pixels a box has been scrolled up since it was seen at `top`. Browsers tell of that with the next frame,
 * and what happens until then must not take it back. A list or a box that grew shorter is moved up by the browser
 * itself, no further than it has to.
 */
export function scrolledUpBy(
  { scrollTop, scrollHeight, clientHeight }: ScrollBox,
  top: number,
): number {
  const moved = Math.min(top, scrollHeight - clientHeight) - scrollTop;
  return moved > ROUNDED ? moved : 0;
}
