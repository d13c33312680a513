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
/** On upright screens 16:9 leaves most of the room empty; a face fits into this as well. */
const UPRIGHT = 3 / 4;

/** The narrowest tile, width by height, that a space of this shape should show. */
export function narrowestRatio({ width, height }: Size): number {
  return height > width ? UPRIGHT : WIDE;
}

/** The number of columns in which `count` tiles become as large as the space lets them. */
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
