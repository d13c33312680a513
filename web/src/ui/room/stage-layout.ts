import { NARROW_PX } from "../kit/narrow";
import { type Corner, cornerPlace } from "./own-corner";
import { pageOf } from "./stage-pages";
import { bestGrid, GAP, type Grid, narrowestRatio, PADDING, type Size, WIDE } from "./tile-grid";

/** A rectangle on the stage, in CSS pixels; `left` is where the line of writing begins. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface StageLayout {
  /** One for each tile, in the order given: null for those on other pages. None while the stage has no size. */
  readonly places: readonly (Place | null)[];
  readonly pages: number;
  /** The page shown, from 0. */
  readonly page: number;
  /** Where the buttons of the pages stand; null where there is one page. */
  readonly pager: Place | null;
  /** How many tiles a full page has beside the viewer's; null where there is one page. */
  readonly each: number | null;
  /** Whether the viewer's tile stands before the other one. */
  readonly floats: boolean;
}

/** People and shared screens. */
export interface Tiles {
  readonly count: number;
  /** Indexes of those in the large place, in ascending order. */
  readonly large: readonly number[];
  /** Whether there is a shared screen among those in the large place, whose shape is not ours to cut. */
  readonly hasLargeScreen: boolean;
  /** Index of the viewer's tile; null where it is hidden. */
  readonly self: number | null;
  /** Where the viewer's tile floats. */
  readonly corner: Corner;
  /** The page that is wanted, from 0; the nearest that there is will be shown. */
  readonly page: number;
}

/** The smallest areas, in square pixels, for faces to be recognized: in a grid, and beside what is looked at. */
const LEGIBLE_AREA = 14_000;
const LEGIBLE_AREA_ASIDE = 6_000;
/** A browser decodes each picture by itself, and nobody looks at more faces at once. */
export const MOST_ON_A_PAGE = 25;
export const PAGER_HEIGHT = 48;
/** The least height that the buttons of the pages leave to the tiles. */
const LEAST_HEIGHT = 64;
const STRIP = { share: 0.18, least: 112, most: 240 };
/** The largest share of an upright stage's height that the large place takes. */
const LARGE_SHARE = 0.62;
const SCREEN_RATIO = 16 / 10;
const FACE_RATIO = 3 / 4;
const EMPTY: StageLayout = {
  places: [],
  pages: 1,
  page: 0,
  pager: null,
  each: null,
  floats: false,
};

/** Lays out the tiles. A pure function, so no layout depends on the layout before it. */
export function layOutStage(space: Size, tiles: Tiles): StageLayout {
  const { count, large, self, page } = tiles;
  if (space.width <= 0 || space.height <= 0 || count === 0) return EMPTY;
  const all = Array.from({ length: count }, (_, index) => index);
  if (self !== null && count === 2 && !large.includes(self)) return pair(space, tiles);
  if (large.length > 0 || (self === null && count === 1)) {
    return largeAndStrip(space, { ...tiles, large: large.length > 0 ? large : all });
  }
  const narrowest = narrowestRatio(space);
  return paged(all.length, inPages(space, all, { self, page, narrowest, least: LEGIBLE_AREA }));
}

/** Fills the stage with the other tile and puts the viewer small into a corner of it. */
function pair(space: Size, { self, corner }: Tiles): StageLayout {
  const { width, height } = space;
  const other = { left: PADDING, top: 0, width: Math.max(width - 2 * PADDING, 0), height };
  const isNarrow = width <= NARROW_PX;
  const wanted = isNarrow ? 96 : clamp(width * 0.2, 108, 240);
  const ratio = isNarrow ? FACE_RATIO : WIDE;
  const selfHeight = Math.min(wanted / ratio, height * 0.4);
  const size = { width: selfHeight * ratio, height: selfHeight };
  const own = cornerPlace(other, size, { corner, inset: isNarrow ? 10 : 16 });
  return { ...EMPTY, places: self === 0 ? [own, other] : [other, own], floats: true };
}

interface Wanted {
  readonly self: number | null;
  readonly page: number;
  /** Width by height. */
  readonly narrowest: number;
  readonly widest?: number;
  /** The smallest area of a tile. */
  readonly least: number;
}

interface Paged {
  /** By index of the tile, for those on the page that is shown. */
  readonly places: ReadonlyMap<number, Place>;
  readonly pages: number;
  readonly page: number;
  readonly pager: Place | null;
  readonly each: number | null;
}

/** Shows all of these tiles where they are legible, else as many as are, and the others on further pages. */
function inPages(space: Size, members: readonly number[], wanted: Wanted): Paged {
  const { self: kept, page } = wanted;
  if (mostLegible(space, members.length, wanted) === members.length) {
    const places = placesOf(space, members, wanted);
    return { places, pages: 1, page: 0, pager: null, each: null };
  }
  const height = Math.max(space.height - PAGER_HEIGHT, Math.min(space.height, LEAST_HEIGHT));
  const room = { width: space.width, height };
  // Another shape of the grid may make all legible in less room, for once; pages stay.
  const most = mostLegible(room, members.length - 1, wanted);
  const { shown, ...of } = pageOf(members, { most, kept, page });
  const top = space.height - PAGER_HEIGHT;
  const pager = { left: 0, top, width: space.width, height: PAGER_HEIGHT };
  return { places: placesOf(room, shown, wanted), pager, ...of };
}

/** Counts how many of so many tiles fit while all of them are legible; one at least. */
function mostLegible(space: Size, count: number, wanted: Wanted): number {
  for (let most = Math.min(count, MOST_ON_A_PAGE); most > 1; most--) {
    const { width, ratio } = gridOf(space, most, wanted);
    if (width ** 2 / ratio >= wanted.least) return most;
  }
  return Math.min(count, 1);
}

function gridOf(space: Size, count: number, { narrowest, widest }: Wanted): Grid {
  const best = bestGrid(space, count, narrowest);
  return { ...best, width: Math.min(best.width, widest ?? best.width) };
}

/** Places tiles row by row, all of them in the middle, and the last row too. */
function placesOf(
  space: Size,
  members: readonly number[],
  wanted: Wanted,
): ReadonlyMap<number, Place> {
  const { columns, width, ratio } = gridOf(space, members.length, wanted);
  const height = width / ratio;
  const rows = Math.ceil(members.length / columns);
  const start = (space.height - rows * (height + GAP) + GAP) / 2;
  return new Map(
    members.map((member, index) => {
      const row = Math.floor(index / columns);
      const inRow = Math.min(columns, members.length - row * columns);
      const left = (space.width - inRow * (width + GAP) + GAP) / 2;
      const column = index % columns;
      const top = start + row * (height + GAP);
      return [member, { left: left + column * (width + GAP), top, width, height }];
    }),
  );
}

/** Makes the layout of `count` tiles from that of a page. */
function paged(count: number, { places, ...page }: Paged): StageLayout {
  const each = Array.from({ length: count }, (_, index) => places.get(index) ?? null);
  return { ...page, places: each, floats: false };
}

/** Places the large tiles, and the others in a strip: beside them on a wide stage, below them on an upright one. */
function largeAndStrip(space: Size, tiles: Tiles): StageLayout {
  const { count, large, self, page } = tiles;
  const others = Array.from({ length: count }, (_, index) => index).filter(
    (index) => !large.includes(index),
  );
  if (others.length === 0) {
    const { width, height } = space;
    const all = { left: PADDING, top: 0, width: Math.max(width - 2 * PADDING, 0), height };
    return { ...EMPTY, places: cells(all, large.length) };
  }
  const split = space.width >= space.height ? sideways(space) : stacked(space, tiles);
  const { area, strip, shape } = split;
  const faces = inPages(strip, others, { self, page, least: LEGIBLE_AREA_ASIDE, ...shape });
  const moved = new Map([...faces.places].map(([index, place]) => [index, inStrip(place, strip)]));
  // The large place moves down to faces that need less than the space below it.
  const highest = Math.min(...[...moved.values()].map(({ top }) => top));
  const top = strip.top > 0 ? Math.max(0, highest - area.height - GAP) : area.top;
  const largest = cells({ ...area, top }, large.length);
  for (const [at, index] of large.entries()) moved.set(index, largest[at] ?? area);
  const pager = faces.pager && inStrip(faces.pager, strip);
  return paged(count, { ...faces, places: moved, pager });
}

function sideways({ width, height }: Size) {
  const strip = clamp(width * STRIP.share, STRIP.least, STRIP.most);
  const largeWidth = Math.max(width - 2 * PADDING - GAP - strip, 0);
  return {
    area: { left: PADDING, top: 0, width: largeWidth, height },
    // The padding of the strip's grid overlaps the gap and the padding of the stage.
    strip: { left: largeWidth + GAP, top: 0, width: strip + 2 * PADDING, height },
    shape: { narrowest: WIDE },
  };
}

function stacked({ width, height }: Size, { hasLargeScreen, large }: Tiles) {
  const largeWidth = Math.max(width - 2 * PADDING, 0);
  const isWide = hasLargeScreen && large.length === 1;
  const wanted = largeWidth / (isWide ? SCREEN_RATIO : FACE_RATIO);
  // On a low stage half is left to the strip: a row of faces stands in it, and the buttons of its pages.
  const most = Math.max(height / 2, height - LEAST_HEIGHT - PAGER_HEIGHT);
  const largeHeight = Math.min(wanted, height * LARGE_SHARE, most);
  return {
    area: { left: PADDING, top: 0, width: largeWidth, height: largeHeight },
    strip: { left: 0, top: largeHeight, width, height: height - largeHeight },
    // Else a single face would be larger than what is in the large place.
    shape: { narrowest: FACE_RATIO, widest: (largeWidth - GAP) / 2 },
  };
}

/** Divides an area so that a screen in each part is as large as can be. */
function cells({ left, top, width, height }: Place, count: number): Place[] {
  const divided = (columns: number) => {
    const rows = Math.ceil(count / columns);
    const size = {
      width: Math.max((width - (columns - 1) * GAP) / columns, 0),
      height: Math.max((height - (rows - 1) * GAP) / rows, 0),
    };
    return { columns, ...size, shown: Math.min(size.width, size.height * SCREEN_RATIO) };
  };
  const best = Array.from({ length: count }, (_, index) => divided(index + 1)).reduce(
    (best, other) => (other.shown > best.shown ? other : best),
  );
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / best.columns);
    const inRow = Math.min(best.columns, count - row * best.columns);
    const start = left + (width - inRow * (best.width + GAP) + GAP) / 2;
    return {
      left: start + (index % best.columns) * (best.width + GAP),
      top: top + row * (best.height + GAP),
      width: best.width,
      height: best.height,
    };
  });
}

function inStrip(place: Place, { left, top }: Place): Place {
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
