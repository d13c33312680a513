import { Store } from "../../store";
import { bestEffort } from "../best-effort";
import {
  type Allocation,
  allocate,
  type Capture,
  type Captures,
  type PeerDemand,
  type SendingSituation,
} from "../quality/allocate";
import { Bandwidth } from "../quality/bandwidth";
import { PREFERRED_SCREEN_SOUND, PREFERRED_SOUND, preferredCodecs } from "../quality/codecs";
import { CpuRelief, RELIEF, type ReliefLevel } from "../quality/cpu-relief";
import { LateFall } from "../quality/late-fall";
import { OwnSpeech } from "../quality/own-speech";
import { RUNGS } from "../quality/picture-ladder";
import type { PictureSource, PictureWishes } from "../quality/wishes";
import { type LocalTracks, NO_LOCAL_TRACKS, SCREENS, type TrackSource } from "../topology";
import type { ConnectionSample } from "./connection-sample";
import { isPicture } from "./media-sections";
import { SenderParameters, type WantedEncoding } from "./sender-parameters";
import type { StatsSampler } from "./stats-sampler";

/** A sender of a peer connection, and the source that it sends now. */
export interface Outgoing {
  readonly sender: RTCRtpSender;
  readonly carries: TrackSource | null;
}

/** The part of a peer that is controlled. */
export interface ControlledPeer {
  readonly outgoing: readonly Outgoing[];
  tellWishes(wishes: PictureWishes): void;
  /** Tells which of our sources are on and not sent to the peer, though it wants them. */
  tellPaused(sources: readonly PictureSource[]): void;
}

export interface QualityParts {
  readonly sampler: Pick<StatsSampler, "subscribe">;
  hasH264Hardware(): Promise<boolean>;
  /** Cores of this computer. */
  readonly cores: number;
  now(): number;
}

/** In bit/s, to few and to many. Opus is good at both; more would be heard in music alone. */
const SOUND = { few: 32_000, many: 24_000 };
const MANY_OTHERS = 6;
/** In bit/s, of each screen: films and music want more than speech. */
const SCREEN_SOUND = 64_000;
/** What sound takes of a connection: twice its bitrate, since it is sent twice (RED), and its headers. */
const SOUND_ON_WIRE = 2;
const SOUND_HEADERS = 16_000;
/** The share of lost packets from which a line is taken for congested. */
const CONGESTED_LOSS = 0.02;
const CAPTURED_CAMERA = { width: 1280, height: 720 };
const CAPTURED_SCREEN = { width: 1920, height: 1080 };
/** A codec is not changed for somebody who is back within that time. */
const CODEC_FOR_MS = 30_000;
const SOURCES = ["camera", ...SCREENS] as const;

interface Entry {
  peer: ControlledPeer;
  bandwidth: Bandwidth;
  /** What they want of us. */
  wishes: PictureWishes;
  /** What we want of them. */
  ours: PictureWishes;
  sent: Partial<Record<PictureSource, number>>;
}

/** Decides how each of our tracks is encoded for each peer, whenever something changes on which that depends. */
export class QualityControl {
  /** How much is given up, since the CPU does not suffice. */
  readonly relief = new Store<ReliefLevel>(RELIEF.none);
  /** Whether the camera goes out as small as it can, or not at all, to everybody who wants it. */
  readonly isLowest = new Store(false);
  readonly #peers = new Map<string, Entry>();
  readonly #parameters = new WeakMap<RTCRtpSender, SenderParameters>();
  readonly #relief = new CpuRelief();
  readonly #speech = new OwnSpeech();
  readonly #codecFor = new LateFall(CODEC_FOR_MS);
  readonly #unsubscribe: () => void;
  #local: LocalTracks = NO_LOCAL_TRACKS;
  /** How many others there are, before each of them has a connection. */
  #expected = 0;
  #hasH264Hardware = false;
  #isDue = false;
  #isClosed = false;
  #speechEnds: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly parts: QualityParts) {
    this.#unsubscribe = parts.sampler.subscribe((peerID, sample) => this.#observe(peerID, sample), {
      whenHidden: true,
    });
    void parts.hasH264Hardware().then((isThere) => {
      this.#hasH264Hardware = isThere;
      this.update();
    });
  }

  /** Notes how many others are in a call that is entered. */
  expect(others: number): void {
    this.#expected = others;
  }

  /** Controls what is sent to a peer, whose connection may take the place of another. */
  follow(peerID: string, peer: ControlledPeer): void {
    const { wishes = {}, ours = {} } = this.#peers.get(peerID) ?? {};
    this.#peers.set(peerID, { peer, bandwidth: new Bandwidth(), wishes, ours, sent: {} });
    peer.tellWishes(ours);
    this.update();
  }

  forget(peerID: string): void {
    this.#expected = 0;
    if (this.#peers.delete(peerID)) this.update();
  }

  /** Notes what a peer wants of us. */
  hear(peerID: string, wishes: PictureWishes): void {
    const entry = this.#peers.get(peerID);
    if (!entry) return;
    entry.wishes = wishes;
    this.update();
  }

  /** Tells a peer what we want of them. */
  wish(peerID: string, wishes: PictureWishes): void {
    const entry = this.#peers.get(peerID);
    if (!entry) return;
    entry.ours = wishes;
    entry.peer.tellWishes(wishes);
  }

  publish(local: LocalTracks): void {
    for (const source of SOURCES) {
      if (isOn(local, source) && !isOn(this.#local, source)) this.#forgetWishes(source);
    }
    this.#local = local;
    const { camera } = local;
    if (camera) {
      bestEffort("a hint for the encoder", () => {
        camera.contentHint = "motion";
      });
    }
    this.update();
  }

  speak(isAudible: boolean): void {
    const now = this.parts.now();
    const before = this.#speech.isSpeaking(now);
    this.#speech.hear(isAudible, now);
    if (this.#speech.isSpeaking(now) !== before) this.update();
    const endsAt = this.#speech.endsAt(now);
    clearTimeout(this.#speechEnds);
    if (endsAt !== null) this.#speechEnds = setTimeout(() => this.update(), endsAt - now + 1);
  }

  /** Names of the codecs that suit a source now, the best one first, once its connection has opened. */
  preferredCodecs(source: TrackSource, { isOpening = false } = {}): readonly string[] {
    if (source === "microphone") return PREFERRED_SOUND;
    if (!isPicture(source)) return PREFERRED_SCREEN_SOUND;
    const now = this.parts.now();
    const { others, relief, captures } = this.#situation(now);
    return preferredCodecs({
      source,
      others: this.#codecFor.of(others, now),
      relief,
      isText: captures[source]?.isText ?? source !== "camera",
      hasH264Hardware: this.#hasH264Hardware,
      cores: this.parts.cores,
      isOpening,
    });
  }

  /** Decides once for all that changes in one go. */
  update(): void {
    if (this.#isDue || this.#isClosed) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.#isClosed) this.#decide();
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#speechEnds);
    this.#unsubscribe();
    this.#peers.clear();
  }

  /** What was wanted of a source before it went says nothing of what comes. */
  #forgetWishes(source: PictureSource): void {
    for (const entry of this.#peers.values()) {
      const { [source]: _, ...others } = entry.wishes;
      entry.wishes = others;
    }
  }

  #observe(peerID: string, { path, outbound }: ConnectionSample): void {
    const now = this.parts.now();
    const pictures = outbound.filter(({ kind, active }) => kind === "video" && active !== false);
    const isCongested = pictures.some(
      ({ limitedBy, remote }) =>
        limitedBy === "bandwidth" || (remote?.fractionLost ?? 0) > CONGESTED_LOSS,
    );
    const estimate = path?.availableOutgoingBitrate ?? null;
    this.#peers.get(peerID)?.bandwidth.note(estimate, now, isCongested);
    this.#relief.note(
      pictures.some(({ limitedBy }) => limitedBy === "cpu"),
      now,
    );
    this.relief.set(this.#relief.level);
    this.update();
  }

  #decide(): void {
    const now = this.parts.now();
    const situation = this.#situation(now);
    const sound = situation.others >= MANY_OTHERS ? SOUND.many : SOUND.few;
    const sounding = this.#local.screens.filter((screen) => screen.sound).length;
    const soundOfScreens = sounding * (SCREEN_SOUND + SOUND_HEADERS);
    const demands = [...this.#peers].map(([peerID, { wishes, bandwidth, sent }]): PeerDemand => {
      const onWire = sound * SOUND_ON_WIRE + SOUND_HEADERS + soundOfScreens;
      const { bitrate, isTrying } = bandwidth.forPictures(onWire, now);
      return { peerID, wishes, sent, bandwidth: bitrate, isTrying };
    });
    const allocations = allocate(situation, demands);
    this.isLowest.set(isLowest(situation, demands, allocations));
    for (const [peerID, entry] of this.#peers) {
      const allocation = allocations.get(peerID);
      if (!allocation) continue;
      entry.sent = Object.fromEntries(
        SOURCES.map((source) => [source, allocation[source]?.lines ?? 0]),
      );
      entry.peer.tellPaused(SOURCES.filter((source) => isPaused(entry.wishes, allocation, source)));
      for (const outgoing of entry.peer.outgoing) {
        const wanted = this.#encoding(outgoing.carries, allocation, situation, {
          sound,
          isOpening: entry.bandwidth.isOpening,
        });
        if (wanted) this.#parametersOf(outgoing.sender).want(wanted);
      }
    }
  }

  #situation(now: number): SendingSituation {
    return {
      others: Math.max(this.#peers.size, this.#expected),
      speaking: this.#speech.isSpeaking(now),
      relief: this.#relief.level,
      captures: capturesOf(this.#local),
    };
  }

  #encoding(
    source: TrackSource | null,
    allocation: Allocation,
    { captures }: SendingSituation,
    { sound, isOpening }: { sound: number; isOpening: boolean },
  ): WantedEncoding | null {
    if (source === null) return null;
    if (source === "microphone") {
      return { active: true, maxBitrate: sound, priority: "high" };
    }
    if (!isPicture(source)) return { active: true, maxBitrate: SCREEN_SOUND, priority: "medium" };
    const encoding = allocation[source];
    if (!encoding) return null;
    const { lines: _, ...sizes } = encoding;
    const isText = captures[source]?.isText ?? false;
    return {
      ...sizes,
      priority: source === "camera" ? "low" : "medium",
      // While a connection opens, Chromium takes each picture for too large, and needs half a minute to grow again.
      degradationPreference: isText || isOpening ? "maintain-resolution" : "maintain-framerate",
      codecs: this.preferredCodecs(source, { isOpening }),
    };
  }

  #parametersOf(sender: RTCRtpSender): SenderParameters {
    const known = this.#parameters.get(sender);
    if (known) return known;
    const made = new SenderParameters(sender, (error) => {
      if (!this.#isClosed) console.warn("setParameters", error);
    });
    this.#parameters.set(sender, made);
    return made;
  }
}

function isLowest(
  { captures }: SendingSituation,
  demands: readonly PeerDemand[],
  allocations: ReadonlyMap<string, Allocation>,
): boolean {
  const isSmall = ({ peerID }: PeerDemand) =>
    (allocations.get(peerID)?.camera?.lines ?? 0) <= RUNGS[0].lines;
  // Who shows the picture as small as that gets what they wish.
  const wanting = demands.filter(({ wishes }) => (wishes.camera ?? Infinity) > RUNGS[0].lines);
  return Boolean(captures.camera) && wanting.length > 0 && wanting.every(isSmall);
}

function isOn({ on, screens }: LocalTracks, source: PictureSource): boolean {
  return source === "camera" ? on.camera : screens.some((screen) => screen.source === source);
}

function isPaused(wishes: PictureWishes, allocation: Allocation, source: PictureSource): boolean {
  return allocation[source]?.active === false && wishes[source] !== 0;
}

function capturesOf({ camera, screens }: LocalTracks): Captures {
  const captures: Partial<Record<PictureSource, Capture | null>> = {
    camera: camera && { ...CAPTURED_CAMERA, ...sizeOf(camera), isText: false },
  };
  for (const { source, picture, isText, framesPerSecond } of screens) {
    captures[source] = { ...CAPTURED_SCREEN, ...sizeOf(picture), isText, framesPerSecond };
  }
  return captures;
}

/** The size of what a track captures; a window that is shared may change it at any time. */
function sizeOf(track: MediaStreamTrack): { width?: number; height?: number } {
  const { width, height } = track.getSettings?.() ?? {};
  return { ...(width && { width }), ...(height && { height }) };
}
