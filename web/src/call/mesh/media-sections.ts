import { bestEffort } from "../best-effort";
import type { LocalTracks, TrackSource } from "../topology";
import type { Outgoing } from "./quality-control";

/** The streams that our tracks are announced in; older clients show streams, not tracks. */
export interface LocalStreams {
  readonly person: MediaStream;
  readonly screen: MediaStream;
}

/** Codecs for a source, the best one first; null leaves them as the browser has them. */
export type OrderCodecs = (source: TrackSource) => RTCRtpCodec[] | null;

const KINDS = { microphone: "audio", camera: "video", screen: "video" } as const;

/**
 * The media sections (m-lines) of one peer connection. One for the microphone and one for the camera last as long
 * as the connection; sources come and go in them by replaceTrack, without negotiating again. A third one, for the
 * screen, is negotiated when a screen is shared between two clients that both know of it. Until it stands, and
 * towards other clients for good, a shared screen is sent in the camera's section.
 */
export class MediaSections {
  readonly #sections = new Map<TrackSource, RTCRtpTransceiver>();
  /** The track that each sender was given last: `sender.track` only changes once the connection gets to it. */
  readonly #given = new Map<RTCRtpSender, MediaStreamTrack | null>();
  #local: LocalTracks;
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
   * Offers a section for the screen. Only one side of a pair may: a transceiver of addTransceiver is never matched
   * with an offered section (RFC 9429, section 5.10), so two offers that cross would end with two sections.
   */
  openScreen(): void {
    if (!this.#sections.has("screen")) this.#add("screen");
  }

  /**
   * Takes our place in the sections that were offered, before they are answered. Nothing is awaited: a connection
   * puts tracks and descriptions in place in the order in which it was asked to (its operations chain).
   */
  accept(options: { knowsScreen: boolean }): void {
    for (const transceiver of this.connection.getTransceivers()) {
      if ([...this.#sections.values()].includes(transceiver)) continue;
      const { kind } = transceiver.receiver.track;
      const source = (["microphone", "camera", "screen"] as const).find(
        (free) => KINDS[free] === kind && !this.#sections.has(free),
      );
      if (!source) continue;
      this.#sections.set(source, transceiver);
      if (source !== "screen") this.#join(source, transceiver);
    }
    if (options.knowsScreen) this.acceptScreen();
  }

  /**
   * Sends, too, in the section that the other side offered for the screen; where it is answered already, this
   * negotiates again. Called once the peer has said that it knows of it: other clients may offer a second video.
   */
  acceptScreen(): void {
    const transceiver = this.#sections.get("screen");
    if (transceiver?.direction === "recvonly") this.#join("screen", transceiver);
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
        const isScreen = track !== null && track === this.#local.screen;
        return { sender, carries: track && (isScreen ? "screen" : source) };
      });
  }

  /** The section in which we send a screen; null where it has none of its own. */
  get screenMid(): string | null {
    const section = this.#sections.get("screen");
    return section && sends(section) && this.#local.screen ? section.mid : null;
  }

  /** The track that the other side sends in a section. */
  remote(source: TrackSource): MediaStreamTrack | null {
    return this.#sections.get(source)?.receiver.track ?? null;
  }

  isScreen(mid: string): boolean {
    return this.#sections.get("screen")?.mid === mid;
  }

  close(): void {
    this.#closed = true;
  }

  #add(source: TrackSource): void {
    const track = this.#trackFor(source);
    const transceiver = this.connection.addTransceiver(track ?? KINDS[source], {
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

  #streamFor(source: TrackSource): MediaStream {
    return source === "screen" ? this.streams.screen : this.streams.person;
  }

  #trackFor(source: TrackSource): MediaStreamTrack | null {
    const { microphone, camera, screen } = this.#local;
    if (source === "microphone") return microphone;
    const isApart = this.screenMid !== null;
    if (source === "screen") return isApart ? screen : null;
    return isApart ? camera : (screen ?? camera);
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

function sends({ currentDirection }: RTCRtpTransceiver): boolean {
  return currentDirection === "sendrecv" || currentDirection === "sendonly";
}
