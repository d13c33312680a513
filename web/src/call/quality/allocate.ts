import { SCREENS } from "../topology";
import { RELIEF, type ReliefLevel } from "./cpu-relief";
import {
  cameraGuess,
  type FirstGuess,
  RUNGS,
  type Rung,
  rungBelow,
  rungFor,
  textGuess,
} from "./picture-ladder";
import type { PictureSource, PictureWishes } from "./wishes";

/** A source that is captured here. */
export interface Capture {
  readonly width: number;
  readonly height: number;
  /** Whether its lines matter more than its motion: text, slides, code. */
  readonly isText: boolean;
  /** As chosen by who shares a screen; undefined for a camera. */
  readonly framesPerSecond?: number;
}

/** What is captured of each source; null or absent where nothing is. */
export type Captures = Readonly<Partial<Record<PictureSource, Capture | null>>>;

/** What all that we send depends on. */
export interface SendingSituation {
  /** How many others are in the call. */
  readonly others: number;
  readonly speaking: boolean;
  readonly relief: ReliefLevel;
  readonly captures: Captures;
}

/** What one peer asks for, and what the way to it bears. */
export interface PeerDemand {
  readonly peerID: string;
  readonly wishes: PictureWishes;
  /** In bit/s, for all pictures to this peer; null where nothing is known. */
  readonly bandwidth: number | null;
  /** Whether more bits may be sent than `bandwidth`, to find out whether the way bears them. */
  readonly isTrying: boolean;
  /** The lines sent until now, or 0: a larger picture has to be worth it. */
  readonly sent: Readonly<Partial<Record<PictureSource, number>>>;
}

/** How a picture is encoded for a peer, in the terms of RTCRtpEncodingParameters. */
export interface PictureEncoding {
  readonly active: boolean;
  readonly scaleResolutionDownBy: number;
  readonly maxBitrate: number;
  readonly maxFramerate: number;
  /** Lines of the shorter side; 0 where nothing is sent. */
  readonly lines: number;
}

export type Allocation = Readonly<Partial<Record<PictureSource, PictureEncoding | null>>>;

/** A larger picture needs this much more than its least, so that one on the edge does not change all the time. */
const CLIMB = 1.1;
/** The share of a peer's bandwidth that screens get where a camera is sent too. */
const SCREEN_SHARE = 0.8;
const FEW_FRAMES = 15;
const RELIEVED_FRAMES = 15;
const FEW_BITS = 150_000;
const BIT_STEP = 10_000;
/** Text that has come does not move: more would only come a little sooner. */
const MOST_TEXT = 1_000_000;

/**
 * Shares out what we send. Each source has a total, the first guess times the number of others; it is shared so
 * that nobody gets more than they can show, and what they leave goes to those who show it large (max-min fairness).
 * No peer gets more than its way bears, screens first; several screens share alike what one would get. What a way does not bear goes to nobody else: where it
 * is our own uplink that is narrow, that would take still more from it.
 */
export function allocate(
  situation: SendingSituation,
  demands: readonly PeerDemand[],
): Map<string, Allocation> {
  const { others, speaking, captures } = situation;
  const camera = cameraGuess(others, { speaking });
  const taken = new Map<string, number>();
  const allocations = new Map<string, Partial<Record<PictureSource, PictureEncoding | null>>>(
    demands.map(({ peerID }) => [peerID, { camera: null, screen: null }]),
  );
  const give = (source: PictureSource, guess: FirstGuess, bearable: Bearable) => {
    for (const [peerID, encoding] of shareOut(source, situation, guess, demands, bearable)) {
      Object.assign(allocations.get(peerID) ?? {}, { [source]: encoding });
      const bitrate = encoding.active ? encoding.maxBitrate : 0;
      taken.set(peerID, (taken.get(peerID) ?? 0) + bitrate);
    }
  };
  const left = ({ bandwidth, peerID }: PeerDemand, share = 1) =>
    (bandwidth ?? Number.POSITIVE_INFINITY) * share - (taken.get(peerID) ?? 0);
  const screens = SCREENS.filter((source) => captures[source]);
  for (const [at, source] of screens.entries()) {
    const guess = captures[source]?.isText === false ? camera : textGuess(others);
    const part = { ...guess, bitrate: guess.bitrate / screens.length };
    give(source, part, (demand) => {
      const isBoth = Boolean(captures.camera) && demand.wishes.camera !== 0;
      return left(demand, isBoth ? SCREEN_SHARE : 1) / (screens.length - at);
    });
  }
  give("camera", camera, (demand) => left(demand));
  return allocations;
}

/** How many bits a second the way to a peer bears. */
type Bearable = (demand: PeerDemand) => number;

function shareOut(
  source: PictureSource,
  { captures, others, relief }: SendingSituation,
  guess: FirstGuess,
  demands: readonly PeerDemand[],
  bearable: Bearable,
): Map<string, PictureEncoding> {
  const capture = captures[source];
  if (!capture) return new Map();
  const wanted = demands.map((demand) => {
    const wish = demand.wishes[source];
    const rung = largestFor(capture, wish, guess, relief);
    const most = Math.min(rung?.most ?? 0, capture.isText ? MOST_TEXT : Number.POSITIVE_INFINITY);
    // A peer that says nothing may not show it large.
    return { demand, rung, bitrate: wish === undefined ? Math.min(most, guess.bitrate) : most };
  });
  const shares = fairShares(
    wanted.map(({ bitrate }) => bitrate),
    guess.bitrate * Math.max(others, demands.length),
  );
  return new Map(
    wanted.map(({ demand, rung }, at) => {
      const whole = inSteps(shares[at] ?? 0);
      const share = Math.min(whole, inSteps(bearable(demand)));
      const sent = rung && affordable(rung, share, demand.sent[source] ?? 0, capture.isText);
      const encoding = encodingOf(capture, sent, share, framesPerSecond(guess, capture, relief));
      const isTrying = demand.isTrying && whole > share;
      return [demand.peerID, isTrying ? { ...encoding, maxBitrate: whole } : encoding];
    }),
  );
}

/** The largest picture that is of use to a peer; null where it wants none. */
function largestFor(
  capture: Capture,
  wish: number | undefined,
  guess: FirstGuess,
  relief: ReliefLevel,
): Rung | null {
  if (wish === 0) return null;
  const captured = shorterSide(capture);
  const lines = wish === undefined ? guess.lines : (wish * captured) / capture.height;
  const rung = rungFor(Math.min(lines, captured));
  const isRelieved = relief >= RELIEF.fewerLines && !capture.isText;
  return isRelieved ? rungBelow(rung) : rung;
}

/** The largest rung that a bitrate is enough for; null where it is not enough for any. Text keeps its lines. */
function affordable(largest: Rung, bitrate: number, sent: number, isText: boolean): Rung | null {
  const [smallest] = RUNGS;
  if (bitrate < smallest.least) return null;
  if (isText) return largest;
  const held = rungFor(sent);
  let rung = largest;
  while (rung !== smallest && bitrate < rung.least * (rung.lines > held.lines ? CLIMB : 1)) {
    rung = rungBelow(rung);
  }
  return rung;
}

function encodingOf(
  capture: Capture,
  rung: Rung | null,
  bitrate: number,
  framesPerSecond: number,
): PictureEncoding {
  const captured = shorterSide(capture);
  const few = bitrate < FEW_BITS ? FEW_FRAMES : framesPerSecond;
  const { lines, most } = rung ?? RUNGS[0];
  return {
    active: rung !== null,
    scaleResolutionDownBy: Math.max(1, captured / lines),
    maxBitrate: Math.max(Math.min(bitrate, most), BIT_STEP),
    maxFramerate: Math.min(few, framesPerSecond),
    lines: rung === null ? 0 : Math.min(lines, captured),
  };
}

function framesPerSecond(guess: FirstGuess, capture: Capture, relief: ReliefLevel): number {
  const { isText, framesPerSecond: wanted = guess.framesPerSecond } = capture;
  const isRelieved = relief >= RELIEF.fewerFrames && !isText;
  return isRelieved ? Math.min(wanted, RELIEVED_FRAMES) : wanted;
}

function inSteps(bitrate: number): number {
  return Math.floor(bitrate / BIT_STEP) * BIT_STEP;
}

function shorterSide({ width, height }: Capture): number {
  return Math.min(width, height);
}

/** Shares a total so that who wants little gets all of it, and the rest get the same (max-min fairness). */
export function fairShares(wanted: readonly number[], total: number): number[] {
  const shares = wanted.map(() => 0);
  const ascending = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  let left = total;
  for (const [at, index] of ascending.entries()) {
    const share = Math.max(0, Math.min(wanted[index] ?? 0, left / (ascending.length - at)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
