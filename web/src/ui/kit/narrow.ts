/** The width in CSS pixels up to which a window, or the stage in it, is narrow: a phone's, or one that is enlarged. */
export const NARROW_PX = 520;
