import { layOutStage, type Place, type Tiles } from "./stage-layout";
import type { Size } from "./tile-grid";

/**
 * Lays out the tiles in a small window without pages: all of them where all are legible, else those in the large
 * place alone, or the one that is looked at. One place for each tile, null for those that are not shown.
 */
export function layOutSmall(space: Size, tiles: Tiles, focus: number): readonly (Place | null)[] {
  const all = layOutStage(space, { ...tiles, page: 0 });
  if (all.pages === 1) return all.places;
  const chosen = tiles.large.length > 0 ? tiles.large : [focus];
  const large = chosen.map((_, at) => at);
  const { places } = layOutStage(space, {
    ...tiles,
    count: chosen.length,
    large,
    self: null,
    page: 0,
  });
  return Array.from({ length: tiles.count }, (_, index) => places[chosen.indexOf(index)] ?? null);
}
