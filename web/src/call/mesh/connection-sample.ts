/** What limits the pictures that are encoded (W3C webrtc-stats, RTCQualityLimitationReason). */
export type QualityLimit = "none" | "cpu" | "bandwidth" | "other";

/** The way between two browsers that is in use. Null stands for what the browser does not tell. */
export interface PathSample {
  readonly local: RTCIceCandidateType | null;
  readonly remote: RTCIceCandidateType | null;
  readonly protocol: "udp" | "tcp" | null;
  /** How our relay is reached, where there is one; its other side is UDP. */
  readonly relayProtocol: "udp" | "tcp" | "tls" | null;
  /** In seconds, by the latest STUN check. */
  readonly roundTripTime: number | null;
  /** In bit/s, by the congestion control; over all that is sent on this connection. */
  readonly availableOutgoingBitrate: number | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** What the other side reports of a stream that we send. */
export interface RemoteReport {
  /** 0 to 1, since the report before. */
  readonly fractionLost: number | null;
  readonly packetsLost: number | null;
  /** In seconds. */
  readonly roundTripTime: number | null;
  /** In seconds. */
  readonly jitter: number | null;
}

interface StreamSample {
  readonly kind: "audio" | "video";
  readonly ssrc: number;
  /** The media section; null in browsers that do not tell it. */
  readonly mid: string | null;
  /** Such as `video/VP8`. */
  readonly codec: string | null;
  /** Null for sound, and before the first picture. */
  readonly frameHeight: number | null;
  readonly frameWidth: number | null;
  readonly framesPerSecond: number | null;
}

/** A stream that we send. All counts are since the beginning of the stream. */
export interface OutboundSample extends StreamSample {
  readonly bytesSent: number;
  readonly packetsSent: number;
  readonly retransmittedPacketsSent: number;
  readonly framesEncoded: number;
  /** In seconds. */
  readonly totalEncodeTime: number | null;
  /** In bit/s. */
  readonly targetBitrate: number | null;
  readonly active: boolean | null;
  readonly limitedBy: QualityLimit | null;
  /** Seconds for which each has limited the stream so far. */
  readonly limitedFor: Readonly<Partial<Record<QualityLimit, number>>>;
  /** Such as `libvpx`; browsers tell it to pages that use a camera or a microphone. */
  readonly encoder: string | null;
  /** Whether the encoder is, as a rule, hardware. */
  readonly powerEfficient: boolean | null;
  readonly remote: RemoteReport | null;
}

/** A stream that we receive. All counts are since the beginning of the stream. */
export interface InboundSample extends StreamSample {
  readonly bytesReceived: number;
  readonly packetsReceived: number;
  /** May fall, where packets that were taken for lost arrive late. */
  readonly packetsLost: number;
  /** In seconds. */
  readonly jitter: number | null;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly keyFramesDecoded: number;
  readonly freezeCount: number | null;
  /** In seconds. */
  readonly totalFreezesDuration: number | null;
  readonly totalSamplesReceived: number | null;
  /** Samples that were made up to conceal gaps. */
  readonly concealedSamples: number | null;
}

/** The statistics of one connection at one moment, in the same shape from all browsers. */
export interface ConnectionSample {
  /** Milliseconds of a clock that runs on, also while the computer's time is set. */
  readonly at: number;
  readonly path: PathSample | null;
  readonly outbound: readonly OutboundSample[];
  readonly inbound: readonly InboundSample[];
}

/** The part of RTCStatsReport that is read. */
export interface StatsReport {
  get(id: string): unknown;
  forEach(visit: (stats: unknown) => void): void;
}

type Stats = Readonly<Record<string, unknown>>;

const RECEIVED = ["bytesReceived", "requestsReceived", "responsesReceived"];
/** The most streams that are read of one direction: a peer may negotiate more sections than it has any use for. */
const MAX_STREAMS = 16;

/** Reads a report without trusting that anything is there: browsers differ in what they tell. */
export function readSample(report: StatsReport, at: number): ConnectionSample {
  const outbound: OutboundSample[] = [];
  const inbound: InboundSample[] = [];
  const entries = entriesOf(report);
  for (const stats of entries) {
    if (stats.type === "outbound-rtp" && outbound.length < MAX_STREAMS) {
      outbound.push(outboundOf(stats, report));
    } else if (stats.type === "inbound-rtp" && inbound.length < MAX_STREAMS) {
      inbound.push(inboundOf(stats, report));
    }
  }
  const pair = pairInUse(entries, report);
  return { at, path: pair && pathOf(pair, report), outbound, inbound };
}

/** The id of our candidate of the pair that is in use: a restart of ICE brings another one. */
export function localCandidateInUse(report: StatsReport): string | null {
  return textOf(pairInUse(entriesOf(report), report)?.localCandidateId);
}

/** A number that grows with all that comes from the other side, STUN included; null where nothing is told of it. */
export function receivedSoFar(report: StatsReport): number | null {
  let sum: number | null = null;
  report.forEach((entry) => {
    const stats = entry as Stats;
    if (stats.type !== "candidate-pair") return;
    for (const name of RECEIVED) sum = (sum ?? 0) + countOf(stats[name]);
  });
  return sum;
}

/** How many pictures have been decoded, or packets of sound have come, of the tracks that are reported. */
export function mediaSoFar(report: StatsReport): number {
  let sum = 0;
  report.forEach((entry) => {
    const { type, kind, framesDecoded, packetsReceived } = entry as Stats;
    if (type === "inbound-rtp") sum += countOf(kind === "video" ? framesDecoded : packetsReceived);
  });
  return sum;
}

function entriesOf(report: StatsReport): readonly Stats[] {
  const entries: Stats[] = [];
  report.forEach((entry) => {
    entries.push(entry as Stats);
  });
  return entries;
}

/** The pair that the transport names, else the one that is marked. */
function pairInUse(entries: readonly Stats[], report: StatsReport): Stats | null {
  const pairs: Stats[] = [];
  let named: Stats | null = null;
  for (const stats of entries) {
    if (stats.type === "candidate-pair") pairs.push(stats);
    else if (stats.type === "transport") named ??= statsOf(report, stats.selectedCandidatePairId);
  }
  return named ?? pairs.find(isInUse) ?? null;
}

/** Firefox marks the pair itself; older browsers only nominate it. */
function isInUse({ selected, nominated, state }: Stats): boolean {
  return (
    selected === true || (selected === undefined && nominated === true && state === "succeeded")
  );
}

function pathOf(pair: Stats, report: StatsReport): PathSample {
  const local = statsOf(report, pair.localCandidateId);
  const remote = statsOf(report, pair.remoteCandidateId);
  return {
    local: textOf(local?.candidateType) as PathSample["local"],
    remote: textOf(remote?.candidateType) as PathSample["remote"],
    protocol: textOf(local?.protocol) as PathSample["protocol"],
    relayProtocol: textOf(local?.relayProtocol) as PathSample["relayProtocol"],
    roundTripTime: numberOf(pair.currentRoundTripTime),
    availableOutgoingBitrate: numberOf(pair.availableOutgoingBitrate),
    bytesSent: countOf(pair.bytesSent),
    bytesReceived: countOf(pair.bytesReceived),
  };
}

function streamOf(stats: Stats, report: StatsReport): StreamSample {
  return {
    kind: stats.kind === "audio" ? "audio" : "video",
    ssrc: countOf(stats.ssrc),
    mid: textOf(stats.mid),
    codec: textOf(statsOf(report, stats.codecId)?.mimeType),
    frameHeight: numberOf(stats.frameHeight),
    frameWidth: numberOf(stats.frameWidth),
    framesPerSecond: numberOf(stats.framesPerSecond),
  };
}

function outboundOf(stats: Stats, report: StatsReport): OutboundSample {
  const remote = statsOf(report, stats.remoteId);
  return {
    ...streamOf(stats, report),
    bytesSent: countOf(stats.bytesSent),
    packetsSent: countOf(stats.packetsSent),
    retransmittedPacketsSent: countOf(stats.retransmittedPacketsSent),
    framesEncoded: countOf(stats.framesEncoded),
    totalEncodeTime: numberOf(stats.totalEncodeTime),
    targetBitrate: numberOf(stats.targetBitrate),
    active: typeof stats.active === "boolean" ? stats.active : null,
    limitedBy: textOf(stats.qualityLimitationReason) as OutboundSample["limitedBy"],
    limitedFor: (stats.qualityLimitationDurations ?? {}) as OutboundSample["limitedFor"],
    encoder: textOf(stats.encoderImplementation),
    powerEfficient:
      typeof stats.powerEfficientEncoder === "boolean" ? stats.powerEfficientEncoder : null,
    remote: remote && {
      fractionLost: numberOf(remote.fractionLost),
      packetsLost: numberOf(remote.packetsLost),
      roundTripTime: numberOf(remote.roundTripTime),
      jitter: numberOf(remote.jitter),
    },
  };
}

function inboundOf(stats: Stats, report: StatsReport): InboundSample {
  return {
    ...streamOf(stats, report),
    bytesReceived: countOf(stats.bytesReceived),
    packetsReceived: countOf(stats.packetsReceived),
    packetsLost: countOf(stats.packetsLost),
    jitter: numberOf(stats.jitter),
    framesDecoded: countOf(stats.framesDecoded),
    framesDropped: countOf(stats.framesDropped),
    keyFramesDecoded: countOf(stats.keyFramesDecoded),
    freezeCount: numberOf(stats.freezeCount),
    totalFreezesDuration: numberOf(stats.totalFreezesDuration),
    totalSamplesReceived: numberOf(stats.totalSamplesReceived),
    concealedSamples: numberOf(stats.concealedSamples),
  };
}

function statsOf(report: StatsReport, id: unknown): Stats | null {
  return typeof id === "string" ? ((report.get(id) as Stats | undefined) ?? null) : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function countOf(value: unknown): number {
  return numberOf(value) ?? 0;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
