import { bestGrid, GAP, type Grid, narrowestRatio, PADDING, type Size, WIDE } from "./tile-grid";

/** A tile's rectangle on the stage, in CSS pixels. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface StageLayout {
  /** One for each tile, in the order given. */
  readonly places: readonly Place[];
  /** Height of all tiles; more than the stage's where tiles would get too small and scroll instead. */
  readonly height: number;
}

/** People and shared screens. */
export interface Tiles {
  /** At least one; the last is the viewer. */
  readonly count: number;
  /** Index of the shared screen that gets the large place. */
  readonly featured: number | null;
}

/** The smallest area of a tile in square pixels, for faces to be recognized; beyond it tiles scroll. */
const SMALLEST_AREA = 4800;
const COMFORTABLE_WIDTH = 120;
/** Room kept free beside scrolling tiles: the widest scrollbar that browsers draw. */
const SCROLLBAR = 16;
const STRIP = { share: 0.18, least: 112, most: 240 };
/** The largest share of an upright stage's height that a shared screen takes. */
const SCREEN_SHARE = 0.62;
const SCREEN_RATIO = 16 / 10;
const EMPTY: StageLayout = { places: [], height: 0 };

/** Lays out the tiles. A pure function, so no layout depends on the layout before it. */
export function layOutStage(space: Size, { count, featured }: Tiles): StageLayout {
  if (space.width <= 0 || space.height <= 0) return EMPTY;
  if (featured !== null) return screenAndStrip(space, count, featured);
  return count === 2 ? pair(space) : tiles(space, count);
}

/** Fills the stage with the other tile and puts the viewer small into its corner. */
function pair({ width, height }: Size): StageLayout {
  const other = { left: PADDING, top: 0, width: Math.max(width - 2 * PADDING, 0), height };
  const isNarrow = width <= 520;
  const wanted = isNarrow ? 96 : clamp(width * 0.2, 108, 240);
  const ratio = isNarrow ? 3 / 4 : WIDE;
  const selfHeight = Math.min(wanted / ratio, height * 0.4);
  const selfWidth = selfHeight * ratio;
  const inset = isNarrow ? 10 : 16;
  const self = {
    left: width - PADDING - inset - selfWidth,
    top: height - inset - selfHeight,
    width: selfWidth,
    height: selfHeight,
  };
  return { places: [other, self], height };
}

interface Bounds {
  /** Width by height. */
  readonly narrowest?: number;
  readonly widest?: number;
}

function tiles(space: Size, count: number, bounds: Bounds = {}): StageLayout {
  const { narrowest = narrowestRatio(space), widest = Number.POSITIVE_INFINITY } = bounds;
  const best = bestGrid(space, count, narrowest);
  const grid = { ...best, width: Math.min(best.width, widest) };
  const scrolls = grid.width ** 2 / grid.ratio < SMALLEST_AREA;
  return scrolls ? rows(space, count, scrollingGrid(space, narrowest)) : rows(space, count, grid);
}

function scrollingGrid({ width }: Size, narrowest: number): Grid {
  const inner = width - 2 * PADDING - SCROLLBAR;
  const columns = Math.max(1, Math.floor((inner + GAP) / (COMFORTABLE_WIDTH + GAP)));
  const tile = Math.max(1, Math.floor((inner - (columns - 1) * GAP) / columns));
  return { columns, width: tile, ratio: narrowest < WIDE ? 1 : WIDE };
}

/** Places tiles row by row, the last row centered; all rows are centered where they do not scroll. */
function rows(space: Size, count: number, { columns, width, ratio }: Grid): StageLayout {
  const height = width / ratio;
  const rowCount = Math.ceil(count / columns);
  const used = rowCount * (height + GAP) - GAP + 2 * PADDING;
  const scrolls = used > space.height + 1;
  const start = scrolls ? PADDING : (space.height - used) / 2 + PADDING;
  const middle = (space.width - (scrolls ? SCROLLBAR : 0)) / 2;
  const places = Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = middle - (inRow * (width + GAP) - GAP) / 2;
    return {
      left: left + (index % columns) * (width + GAP),
      top: start + row * (height + GAP),
      width,
      height,
    };
  });
  return { places, height: scrolls ? used : space.height };
}

/** Places a shared screen and the other tiles in a strip: beside it on a wide stage, below it on an upright one. */
function screenAndStrip(space: Size, count: number, featured: number): StageLayout {
  const { screen, strip, bounds } = space.width >= space.height ? sideways(space) : stacked(space);
  const faces = tiles(strip, count - 1, bounds);
  const places = faces.places.map((place) => moved(place, strip));
  const above = Math.min(...places.map(({ top }) => top)) - screen.height - GAP;
  // The screen moves down to faces that need less than the space below it.
  places.splice(featured, 0, strip.top > 0 ? { ...screen, top: above } : screen);
  return { places, height: Math.max(space.height, strip.top + faces.height) };
}

function sideways({ width, height }: Size) {
  const strip = clamp(width * STRIP.share, STRIP.least, STRIP.most);
  const screenWidth = Math.max(width - 2 * PADDING - GAP - strip, 0);
  return {
    screen: { left: PADDING, top: 0, width: screenWidth, height },
    // The padding of the strip's grid overlaps the gap and the padding of the stage.
    strip: {
      left: PADDING + screenWidth + GAP - PADDING,
      top: 0,
      width: strip + 2 * PADDING,
      height,
    },
    bounds: { narrowest: WIDE },
  };
}

function stacked({ width, height }: Size) {
  const screenWidth = Math.max(width - 2 * PADDING, 0);
  const screenHeight = Math.min(screenWidth / SCREEN_RATIO, height * SCREEN_SHARE);
  return {
    screen: { left: PADDING, top: 0, width: screenWidth, height: screenHeight },
    strip: { left: 0, top: screenHeight, width, height: height - screenHeight },
    // Else a single face would be larger than the screen.
    bounds: { widest: (screenWidth - GAP) / 2 },
  };
}

function moved(place: Place, { left, top }: { left: number; top: number }): Place {
  return { ...place, left: place.left + left, top: place.top + top };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Orders the ids of participants who share now by when they began. */
export function inOrderOfSharing(before: readonly string[], now: readonly string[]): string[] {
  return [
    ...before.filter((peerID) => now.includes(peerID)),
    ...now.filter((peerID) => !before.includes(peerID)),
  ];
}
