/** The size of the recorded picture, in pixels. */
export const PICTURE = { width: 1280, height: 720 } as const;
/** The most places of a picture; with more people, the last ones are heard only, unless they speak. */
export const MOST_PLACES = 16;
const GAP = 8;
/** The share of the width that the large place leaves to the others. */
const STRIP = 0.2;
const STRIP_ROWS = 5;
const WIDE = 16 / 9;

export type RecordedView = "grid" | "speaker";

/** Somebody, or a screen, that is to be in the picture. */
export interface Seat {
  readonly id: string;
  readonly kind: "person" | "screen";
  readonly name: string;
  /** Without a picture, the name's first letter stands in its place. */
  readonly hasPicture: boolean;
}

export interface PicturePlace {
  readonly seat: Seat;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Places who is in the picture. A screen has the large place, as the speaker has it in the speaker's view; the others
 * stand beside it, or all in a grid. Pure, and used at both ends: the page wishes for pictures of that size.
 */
export function layOutPicture(
  seats: readonly Seat[],
  { view, speaker }: { view: RecordedView; speaker: string | null },
): PicturePlace[] {
  const large = largeSeat(seats, view, speaker);
  if (!large) return grid(withSpeaker(seats, speaker, MOST_PLACES));
  const others = seats.filter((seat) => seat !== large);
  if (others.length === 0) return [{ seat: large, left: 0, top: 0, ...PICTURE }];
  return [...strip(withSpeaker(others, speaker, STRIP_ROWS)), largePlace(large)];
}

function largeSeat(seats: readonly Seat[], view: RecordedView, speaker: string | null) {
  const screen = seats.findLast(({ kind }) => kind === "screen");
  if (screen || view === "grid") return screen ?? null;
  return seats.find(({ id }) => id === speaker) ?? seats[0] ?? null;
}

/** The first ones, and the speaker in the place of the last where they would not be among them. */
function withSpeaker(seats: readonly Seat[], speaker: string | null, most: number): Seat[] {
  const first = seats.slice(0, most);
  const speaking = seats.slice(most).find(({ id }) => id === speaker);
  return speaking ? [...first.slice(0, -1), speaking] : first;
}

function grid(seats: readonly Seat[]): PicturePlace[] {
  const columns = Math.ceil(Math.sqrt(seats.length));
  const rows = Math.ceil(seats.length / Math.max(columns, 1));
  const width = Math.floor((PICTURE.width - (columns + 1) * GAP) / columns);
  const height = Math.floor((PICTURE.height - (rows + 1) * GAP) / rows);
  return seats.map((seat, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, seats.length - row * columns);
    const start = (PICTURE.width - inRow * width - (inRow - 1) * GAP) / 2;
    const left = Math.floor(start + (index % columns) * (width + GAP));
    return { seat, left, top: GAP + row * (height + GAP), width, height };
  });
}

function largePlace(seat: Seat): PicturePlace {
  const width = Math.floor(PICTURE.width * (1 - STRIP)) - 2 * GAP;
  return { seat, left: GAP, top: GAP, width, height: PICTURE.height - 2 * GAP };
}

function strip(seats: readonly Seat[]): PicturePlace[] {
  const width = Math.floor(PICTURE.width * STRIP) - GAP;
  const height = Math.min(
    Math.floor(width / WIDE),
    Math.floor((PICTURE.height - (STRIP_ROWS + 1) * GAP) / STRIP_ROWS),
  );
  const left = PICTURE.width - width - GAP;
  const used = seats.length * (height + GAP) - GAP;
  const start = Math.floor((PICTURE.height - used) / 2);
  return seats.map((seat, index) => ({
    seat,
    left,
    top: start + index * (height + GAP),
    width,
    height,
  }));
}

/** The part of a picture that fills a place of this size (`cover`), or the place within it (`contain`). */
export function fitted(
  from: { width: number; height: number },
  into: { width: number; height: number },
  fit: "cover" | "contain",
) {
  const ratios = [into.width / from.width, into.height / from.height] as const;
  const scale = fit === "cover" ? Math.max(...ratios) : Math.min(...ratios);
  const width = from.width * scale;
  const height = from.height * scale;
  return { left: (into.width - width) / 2, top: (into.height - height) / 2, width, height };
}
