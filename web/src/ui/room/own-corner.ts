import type { Place } from "./stage-layout";
import type { Size } from "./tile-grid";

/** The corners in which the viewer's tile may float, in the order of the clock where writing runs to the right. */
export const CORNERS = ["top-start", "top-end", "bottom-end", "bottom-start"] as const;
export type Corner = (typeof CORNERS)[number];

export const USUAL_CORNER: Corner = "bottom-end";

/** A direction on the stage: "start" is where the line of writing begins. */
export type Direction = "top" | "bottom" | "start" | "end";

/** Places a tile of this size into a corner of another. */
export function cornerPlace(
  within: Place,
  { width, height }: Size,
  { corner, inset }: { corner: Corner; inset: number },
): Place {
  const { left, top } = within;
  return {
    left: corner.endsWith("start") ? left + inset : left + within.width - inset - width,
    top: corner.startsWith("top") ? top + inset : top + within.height - inset - height,
    width,
    height,
  };
}

/** Gives the corner that lies in a direction from another: the same where there is none. */
export function cornerTowards(corner: Corner, direction: Direction): Corner {
  const [block, inline] = corner.split("-");
  const isBlock = direction === "top" || direction === "bottom";
  return `${isBlock ? direction : block}-${isBlock ? inline : direction}` as Corner;
}

export function nextCorner(corner: Corner): Corner {
  return CORNERS[(CORNERS.indexOf(corner) + 1) % CORNERS.length] ?? USUAL_CORNER;
}

/** Gives the corner of the stage that is nearest to the middle of a tile. */
export function nearestCorner({ width, height }: Size, tile: Place): Corner {
  const block = tile.top + tile.height / 2 < height / 2 ? "top" : "bottom";
  const inline = tile.left + tile.width / 2 < width / 2 ? "start" : "end";
  return `${block}-${inline}`;
}
