export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Grid {
  readonly columns: number;
  readonly width: number;
  /** Width by height. */
  readonly ratio: number;
}

export const GAP = 12;
export const PADDING = 12;
export const WIDE = 16 / 9;
/** For upright screens, where 16:9 would leave most of the space empty; a face fits into this too. */
const UPRIGHT = 3 / 4;

/** Gives the narrowest ratio, width by height, of tiles in a space of this shape. */
export function narrowestRatio({ width, height }: Size): number {
  return height > width ? UPRIGHT : WIDE;
}

/** Finds the number of columns in which `count` tiles become largest. */
export function bestGrid(space: Size, count: number, narrowest = narrowestRatio(space)): Grid {
  const { width, height } = space;
  let best: Grid = { columns: 1, width: 0, ratio: WIDE };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - 2 * PADDING - (columns - 1) * GAP) / columns;
    const cellHeight = (height - 2 * PADDING - (rows - 1) * GAP) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;
    const ratio = Math.min(Math.max(cellWidth / cellHeight, narrowest), WIDE);
    const tile = Math.floor(Math.min(cellWidth, cellHeight * ratio));
    if (tile ** 2 / ratio > best.width ** 2 / best.ratio) best = { columns, width: tile, ratio };
  }
  return best;
}
