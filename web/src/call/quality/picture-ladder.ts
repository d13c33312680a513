/** A size at which pictures are sent, and the bitrates that suit it, in bit/s. */
export interface Rung {
  /** Of the shorter side, so that an upright phone's picture counts like any other. */
  readonly lines: number;
  /** Below it, the next smaller size looks better. */
  readonly least: number;
  /** Above it, more bits change nothing that one can see. */
  readonly most: number;
}

/** All divide 720 or 1080, so that scaled pictures have whole, even sides. Bitrates are for VP8 and faces. */
export const RUNGS: readonly [Rung, ...Rung[]] = [
  { lines: 90, least: 40_000, most: 80_000 },
  { lines: 135, least: 70_000, most: 120_000 },
  { lines: 180, least: 100_000, most: 200_000 },
  { lines: 270, least: 180_000, most: 350_000 },
  { lines: 360, least: 350_000, most: 600_000 },
  { lines: 540, least: 650_000, most: 1_000_000 },
  { lines: 720, least: 900_000, most: 1_700_000 },
  { lines: 1080, least: 2_000_000, most: 3_000_000 },
];

/** The largest size that is asked for. */
export const MOST_LINES = 1080;
/** A picture that is enlarged by this little looks the same. */
const ENLARGED = 1.05;

/** The smallest rung that fills so many lines. */
export function rungFor(lines: number): Rung {
  const [smallest] = RUNGS;
  const fitting = RUNGS.find((rung) => rung.lines * ENLARGED >= lines);
  return fitting ?? RUNGS.at(-1) ?? smallest;
}

export function rungBelow(rung: Rung): Rung {
  return RUNGS[RUNGS.indexOf(rung) - 1] ?? rung;
}

/** What is sent to each of so many others, as a first guess. */
export interface FirstGuess {
  readonly others: number;
  readonly bitrate: number;
  readonly lines: number;
  readonly framesPerSecond: number;
}

const CAMERAS: readonly [FirstGuess, ...FirstGuess[]] = [
  { others: 1, bitrate: 1_700_000, lines: 720, framesPerSecond: 30 },
  { others: 2, bitrate: 1_000_000, lines: 720, framesPerSecond: 30 },
  { others: 3, bitrate: 800_000, lines: 540, framesPerSecond: 25 },
  { others: 4, bitrate: 500_000, lines: 360, framesPerSecond: 25 },
  { others: 5, bitrate: 450_000, lines: 360, framesPerSecond: 25 },
  { others: 7, bitrate: 250_000, lines: 270, framesPerSecond: 15 },
  { others: Number.POSITIVE_INFINITY, bitrate: 160_000, lines: 180, framesPerSecond: 15 },
];

/** Text is sharp at any number of people, and appears the slower the more there are. */
const TEXT: readonly [FirstGuess, ...FirstGuess[]] = [
  { others: 2, bitrate: 1_000_000, lines: MOST_LINES, framesPerSecond: 5 },
  { others: 3, bitrate: 800_000, lines: MOST_LINES, framesPerSecond: 5 },
  { others: 5, bitrate: 500_000, lines: MOST_LINES, framesPerSecond: 5 },
  { others: 7, bitrate: 300_000, lines: MOST_LINES, framesPerSecond: 5 },
  { others: Number.POSITIVE_INFINITY, bitrate: 200_000, lines: MOST_LINES, framesPerSecond: 5 },
];

/** The first guess for a camera; a speaker gets that for fewer people. */
export function cameraGuess(others: number, { speaking }: { speaking: boolean }): FirstGuess {
  const at = CAMERAS.findIndex((guess) => others <= guess.others);
  return CAMERAS[Math.max(0, speaking ? at - 1 : at)] ?? CAMERAS[0];
}

export function textGuess(others: number): FirstGuess {
  return TEXT.find((guess) => others <= guess.others) ?? TEXT[0];
}
