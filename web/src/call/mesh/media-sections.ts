import { bestEffort } from "../best-effort";
import type { PictureSource } from "../quality/wishes";
import {
  type LocalScreen,
  type LocalTracks,
  SCREENS,
  type ScreenSource,
  SOUND_OF,
  type SoundSource,
  type TrackSource,
} from "../topology";
import type { Outgoing } from "./quality-control";
import type { ScreenState } from "./state-channel";

/** The streams that our tracks are announced in; older clients show streams, not tracks. */
export type LocalStreams = Readonly<Record<"person" | ScreenSource, MediaStream>>;

/** Codecs for a source, the best one first; null leaves them as the browser has them. */
export type OrderCodecs = (source: TrackSource) => RTCRtpCodec[] | null;

/** What the peer has said that it knows of; nothing before. */
export interface Knowledge {
  /** A section for a screen, beside the camera's. */
  readonly screen: boolean;
  /** Several screens, each with its sound. */
  readonly screens: boolean;
}

const SOUNDS = SCREENS.map((screen) => SOUND_OF[screen]);
/** In this order sections of a kind are offered, so that both sides take the same one for the same source. */
const SOURCES: readonly TrackSource[] = ["microphone", "camera", ...SCREENS, ...SOUNDS];

export function kindOf(source: TrackSource): "audio" | "video" {
  return source === "microphone" || isSound(source) ? "audio" : "video";
}

export function isPicture(source: TrackSource): source is PictureSource {
  return kindOf(source) === "video";
}

/**
 * The media sections (m-lines) of one peer connection. One for the microphone and one for the camera last as long
 * as the connection; sources come and go in them by replaceTrack, without negotiating again. Those for screens and
 * their sound are negotiated when one is shared between two clients that both know of them. Until the first of them
 * stands, and towards clients that know of none for good, a shared screen is sent in the camera's section. Clients
 * that know of one alone get in it the screen that was shared last.
 */
export class MediaSections {
  readonly #sections = new Map<TrackSource, RTCRtpTransceiver>();
  /** The track that each sender was given last: `sender.track` only changes once the connection gets to it. */
  readonly #given = new Map<RTCRtpSender, MediaStreamTrack | null>();
  #local: LocalTracks;
  #knows: Knowledge = { screen: false, screens: false };
  #closed = false;

  constructor(
    private readonly connection: RTCPeerConnection,
    private readonly streams: LocalStreams,
    local: LocalTracks,
    private readonly orderCodecs: OrderCodecs,
  ) {
    this.#local = local;
  }

  /** Offers the sections that last. */
  open(): void {
    for (const source of ["microphone", "camera"] as const) this.#add(source);
  }

  /**
   * Offers sections for screens. Only one side of a pair may: a transceiver of addTransceiver is never matched
   * with an offered section (RFC 9429, section 5.10), so two offers that cross would end with two sections.
   * Those that come before them in their order are offered too.
   */
  openScreens(wanted: readonly TrackSource[]): void {
    for (const kind of [SCREENS, SOUNDS] as const) {
      const sources: readonly TrackSource[] = kind;
      const last = Math.max(...wanted.map((source) => sources.indexOf(source)));
      for (const source of kind.slice(0, last + 1)) {
        if (!this.#sections.has(source)) this.#add(source);
      }
    }
  }

  /**
   * Takes our place in the sections that were offered, before they are answered. Nothing is awaited: a connection
   * puts tracks and descriptions in place in the order in which it was asked to (its operations chain).
   */
  accept(): void {
    for (const transceiver of this.connection.getTransceivers()) {
      if ([...this.#sections.values()].includes(transceiver)) continue;
      const { kind } = transceiver.receiver.track;
      const source = SOURCES.find((free) => kindOf(free) === kind && !this.#sections.has(free));
      if (!source) continue;
      this.#sections.set(source, transceiver);
      if (source === "microphone" || source === "camera") this.#join(source, transceiver);
    }
    this.#acceptScreens();
  }

  /** Notes what the peer has said that it knows of: other clients may offer a second video, or a second sound. */
  know(knowledge: Knowledge): void {
    this.#knows = knowledge;
    this.#acceptScreens();
    this.update();
  }

  /**
   * Sends, too, in the sections that the other side offered for screens; where they are answered already, this
   * negotiates again.
   */
  #acceptScreens(): void {
    for (const [source, transceiver] of this.#sections) {
      const isKnown = source === "screen" ? this.#knows.screen : this.#knows.screens;
      if (isKnown && transceiver.direction === "recvonly") this.#join(source, transceiver);
    }
  }

  publish(local: LocalTracks): void {
    this.#local = local;
    this.update();
  }

  /** Moves tracks to where they belong now that a negotiation may have ended. */
  update(): void {
    for (const [source, { sender }] of this.#sections) void this.#replace(sender, source);
  }

  /**
   * What is sent now, and by which sender. Sections that are not negotiated yet are left out: while a connection
   * comes up, each look at a sender's parameters holds up the page.
   */
  get outgoing(): Outgoing[] {
    return [...this.#sections]
      .filter(([, transceiver]) => sends(transceiver))
      .map(([source, { sender }]) => {
        const track = this.#trackFor(source);
        const screen = this.#local.screens.find(({ picture }) => picture === track);
        return { sender, carries: track && (screen?.source ?? source) };
      });
  }

  /** The section in which we send the first, or the only, screen; null where there is none or nothing shared. */
  get screenMid(): string | null {
    return this.#local.screens.length > 0 ? this.#midOf("screen") : null;
  }

  /** The screens that we share, and the sections in which they are sent. */
  get screens(): ScreenState[] {
    return this.#local.screens.map(({ source, sound }) => ({
      source,
      mid: this.#midOf(source),
      ...(sound && { sound: this.#midOf(SOUND_OF[source]) }),
    }));
  }

  /** The track that the other side sends in a section. */
  remote(source: TrackSource): MediaStreamTrack | null {
    return this.#sections.get(source)?.receiver.track ?? null;
  }

  /** The same, where that section is the one that the other side names. */
  remoteIn(source: TrackSource, mid: string | null | undefined): MediaStreamTrack | null {
    const section = this.#sections.get(source);
    return typeof mid === "string" && section?.mid === mid ? section.receiver.track : null;
  }

  close(): void {
    this.#closed = true;
  }

  #midOf(source: TrackSource): string | null {
    const section = this.#sections.get(source);
    return section && sends(section) ? section.mid : null;
  }

  #add(source: TrackSource): void {
    const track = this.#trackFor(source);
    const transceiver = this.connection.addTransceiver(track ?? kindOf(source), {
      direction: "sendrecv",
      streams: [this.#streamFor(source)],
    });
    this.#sections.set(source, transceiver);
    this.#prefer(source, transceiver);
  }

  #prefer(source: TrackSource, transceiver: RTCRtpTransceiver): void {
    bestEffort("an order of codecs", () => {
      const codecs = this.orderCodecs(source);
      if (codecs) transceiver.setCodecPreferences?.(codecs);
    });
  }

  #join(source: TrackSource, transceiver: RTCRtpTransceiver): void {
    transceiver.direction = "sendrecv";
    this.#prefer(source, transceiver);
    transceiver.sender.setStreams?.(this.#streamFor(source));
    void this.#replace(transceiver.sender, source);
  }

  /** A picture and its sound are announced in one stream, so that they are played in sync. */
  #streamFor(source: TrackSource): MediaStream {
    const screen = SCREENS.find((one) => one === source || SOUND_OF[one] === source);
    return this.streams[screen ?? "person"];
  }

  #trackFor(source: TrackSource): MediaStreamTrack | null {
    const { microphone, camera, screens } = this.#local;
    const newest = screens.at(-1)?.picture ?? null;
    if (source === "microphone") return microphone;
    if (source === "camera") return this.#midOf("screen") === null ? (newest ?? camera) : camera;
    if (!this.#knows.screens) {
      return source === "screen" && this.#midOf("screen") !== null ? newest : null;
    }
    return this.#midOf(source) === null ? null : sentIn(source, screens);
  }

  async #replace(sender: RTCRtpSender, source: TrackSource): Promise<void> {
    const track = this.#trackFor(source);
    const given = this.#given.has(sender) ? this.#given.get(sender) : sender.track;
    if (this.#closed || given === track) return;
    this.#given.set(sender, track);
    try {
      await sender.replaceTrack(track);
    } catch (error) {
      this.#given.delete(sender);
      if (!this.#closed) console.warn("replaceTrack", error);
    }
  }
}

function isSound(source: TrackSource): source is SoundSource {
  return SOUNDS.some((sound) => sound === source);
}

function sentIn(
  source: ScreenSource | SoundSource,
  screens: readonly LocalScreen[],
): MediaStreamTrack | null {
  const isIts = (screen: LocalScreen) =>
    screen.source === source || SOUND_OF[screen.source] === source;
  const screen = screens.find(isIts);
  return (isSound(source) ? screen?.sound : screen?.picture) ?? null;
}

function sends({ currentDirection }: RTCRtpTransceiver): boolean {
  return currentDirection === "sendrecv" || currentDirection === "sendonly";
}
