import {
  type HealthWindow,
  type Limit,
  type MediaPath,
  type Pictures,
  WINDOW_MS,
} from "../health/window";
import type {
  ConnectionSample,
  InboundSample,
  OutboundSample,
  PathSample,
} from "./connection-sample";

/** A window that is shorter says too little; the slots that it touches become one window. */
const SHORTEST_MS = WINDOW_MS / 2;
/** After a longer time without a sample (the computer slept, the connection was down), a window begins anew. */
const LONGEST_MS = 3 * WINDOW_MS;
/** With fewer packets, a single lost one would look like a bad connection. */
const FEWEST_PACKETS = 25;

/** Makes windows from the samples of the connections to one peer, also where one takes another's place. */
export class WindowMeter {
  #first: ConnectionSample | null = null;
  #roundTrips: number[] = [];

  /** Answers with the window that ends with this sample; null where none does. */
  take(sample: ConnectionSample): HealthWindow | null {
    const first = this.#first;
    const elapsed = sample.at - (first?.at ?? 0);
    if (!first || elapsed <= 0 || elapsed > LONGEST_MS) {
      this.#begin(sample);
      return null;
    }
    this.#roundTrips.push(...roundTripsOf(sample));
    if (slotOf(sample) === slotOf(first) || elapsed < SHORTEST_MS) return null;
    const window = windowBetween(first, sample, mean(this.#roundTrips));
    this.#begin(sample);
    return window;
  }

  #begin(sample: ConnectionSample): void {
    this.#first = sample;
    this.#roundTrips = [];
  }
}

function slotOf({ at }: ConnectionSample): number {
  return Math.floor(at / WINDOW_MS);
}

function windowBetween(
  first: ConnectionSample,
  last: ConnectionSample,
  roundTripMs: number | null,
): HealthWindow {
  const seconds = (last.at - first.at) / 1000;
  const inbound = pairsOf(first.inbound, last.inbound);
  const outbound = pairsOf(first.outbound, last.outbound);
  return {
    slot: slotOf(last),
    roundTripMs,
    lossIn: lossIn(inbound),
    lossOut: lossOut(outbound),
    jitterMs: jitterOf(last.inbound),
    received: (8 * grown(inbound, ({ bytesReceived }) => bytesReceived)) / seconds,
    sent: (8 * grown(outbound, ({ bytesSent }) => bytesSent)) / seconds,
    picturesIn: picturesOf(inbound, ({ framesDecoded }) => framesDecoded, seconds),
    picturesOut: picturesOf(outbound, ({ framesEncoded }) => framesEncoded, seconds),
    path: last.path && pathOf(last.path),
    limit: limitOf(outbound, seconds),
  };
}

/** A stream at the end of a window, and at its beginning: null where it began within the window. */
interface Pair<S> {
  readonly now: S;
  readonly before: S | null;
}

/** Matches streams by their SSRC: a connection in the place of another has other ones, counted from zero. */
function pairsOf<S extends { readonly ssrc: number; readonly kind: string }>(
  first: readonly S[],
  last: readonly S[],
): Pair<S>[] {
  return last.map((now) => {
    const before = first.find(({ ssrc, kind }) => ssrc === now.ssrc && kind === now.kind);
    return { now, before: before ?? null };
  });
}

/** The growth of a count over all streams. Counts of lost packets may fall. */
function grown<S>(pairs: readonly Pair<S>[], count: (stream: S) => number): number {
  const sum = pairs.reduce((sum, pair) => sum + growth(pair, count), 0);
  return Math.max(0, sum);
}

function growth<S>({ now, before }: Pair<S>, count: (stream: S) => number): number {
  return count(now) - (before ? count(before) : 0);
}

function lossIn(pairs: readonly Pair<InboundSample>[]): number | null {
  const lost = grown(pairs, ({ packetsLost }) => packetsLost);
  const expected = lost + grown(pairs, ({ packetsReceived }) => packetsReceived);
  return expected < FEWEST_PACKETS ? null : lost / expected;
}

/** By the reports of the other side, which come with some delay. */
function lossOut(pairs: readonly Pair<OutboundSample>[]): number | null {
  const reported = pairs.filter(({ now }) => now.remote !== null);
  const sent = grown(reported, ({ packetsSent }) => packetsSent);
  if (sent < FEWEST_PACKETS) return null;
  const counted = reported.every(({ now }) => now.remote?.packetsLost !== null);
  const lost = counted
    ? grown(reported, ({ remote }) => remote?.packetsLost ?? 0)
    : reported.reduce((sum, pair) => sum + lostByFraction(pair), 0);
  return Math.min(1, Math.max(0, lost / sent));
}

function lostByFraction(pair: Pair<OutboundSample>): number {
  return growth(pair, ({ packetsSent }) => packetsSent) * (pair.now.remote?.fractionLost ?? 0);
}

/** Of the sound, where there is some: it suffers first. */
function jitterOf(streams: readonly InboundSample[]): number | null {
  const jitters = (kind: string) =>
    streams.flatMap((stream) => (stream.kind === kind ? (stream.jitter ?? []) : []));
  const [sound, pictures] = [jitters("audio"), jitters("video")];
  const known = sound.length > 0 ? sound : pictures;
  return known.length > 0 ? Math.max(...known) * 1000 : null;
}

/** The largest pictures that moved, or the ones that moved most where no size is told. */
function picturesOf<S extends InboundSample | OutboundSample>(
  pairs: readonly Pair<S>[],
  count: (stream: S) => number,
  seconds: number,
): Pictures | null {
  const moving = pairs
    .filter(({ now }) => now.kind === "video")
    .map((pair) => ({
      height: pair.now.frameHeight,
      perSecond: Math.max(0, growth(pair, count)) / seconds,
    }))
    .filter(({ perSecond }) => perSecond > 0);
  const size = ({ height }: Pictures) => height ?? 0;
  return moving.sort((a, b) => size(b) - size(a) || b.perSecond - a.perSecond)[0] ?? null;
}

function limitOf(pairs: readonly Pair<OutboundSample>[], seconds: number): Limit | null {
  const limits = pairs
    .filter(({ now }) => now.kind === "video")
    .map((pair) => limit(pair, seconds));
  return limits.find((limit) => limit === "cpu") ?? limits.find((limit) => limit !== null) ?? null;
}

/** What limited a stream for more than half of the window. */
function limit(pair: Pair<OutboundSample>, seconds: number): Limit | null {
  const { now } = pair;
  const known = Object.keys(now.limitedFor).length > 0;
  const isLimit = (name: Limit) =>
    known
      ? growth(pair, ({ limitedFor }) => limitedFor[name] ?? 0) > seconds / 2
      : now.limitedBy === name;
  return (["cpu", "bandwidth"] as const).find(isLimit) ?? null;
}

export function pathOf({ local, remote, protocol, relayProtocol }: PathSample): MediaPath {
  const usesTcp = local === "relay" ? relayProtocol !== null && relayProtocol !== "udp" : false;
  return {
    isRelayed: local === "relay" || remote === "relay",
    transport: usesTcp || protocol === "tcp" ? "tcp" : "udp",
  };
}

function roundTripsOf({ path, outbound }: ConnectionSample): number[] {
  if (path?.roundTripTime != null) return [path.roundTripTime * 1000];
  return outbound.flatMap(({ remote }) =>
    remote?.roundTripTime != null ? [remote.roundTripTime * 1000] : [],
  );
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The meters of all peers. Those that have not been used for a while are dropped. */
export class WindowMeters {
  readonly #meters = new Map<string, { meter: WindowMeter; usedAt: number }>();

  take(peerID: string, sample: ConnectionSample): HealthWindow | null {
    const { meter } = this.#meters.get(peerID) ?? this.#add(sample.at);
    this.#meters.set(peerID, { meter, usedAt: sample.at });
    return meter.take(sample);
  }

  get size(): number {
    return this.#meters.size;
  }

  #add(now: number): { meter: WindowMeter } {
    for (const [peerID, { usedAt }] of this.#meters) {
      if (now - usedAt > LONGEST_MS) this.#meters.delete(peerID);
    }
    return { meter: new WindowMeter() };
  }
}
