import type { AddPeer, IceCandidate, SessionDescription } from "../../wire.gen";
import { decoration } from "../decoration";
import { codeOf, fingerprintsOf, type SecurityCode } from "../security-code";
import type {
  Devices,
  Disturbance,
  Outgoing,
  PeerLink,
  RemotePeer,
  Unreachable,
} from "../topology";
import { DevicesChannel } from "./devices-channel";
import { Negotiation } from "./negotiation";
import type { PeerIdentity } from "./peer-identity";
import { Recovery } from "./recovery";
import { originOf } from "./sdp-origin";

export interface MeshPeerOptions {
  peer: AddPeer;
  /** Asked each time, since it may change; undefined where they have none. */
  displayName(): string | undefined;
  connection: RTCPeerConnection;
  outgoing: Outgoing;
  /** Names our tracks as one stream; older clients show streams, not tracks. */
  localStream: MediaStream;
  sendDescription(description: SessionDescription): void;
  sendCandidate(candidate: IceCandidate): void;
  changed(): void;
  identity: PeerIdentity;
  /** Of the connection that this one replaces. */
  inherited: Inheritance | null;
  canSignal(): boolean;
  /** Puts another connection in the place of this one. */
  rebuild(): void;
  /** Before a restart of ICE: the servers known so far may have expired. */
  freshIce(): Promise<RTCConfiguration>;
  /** Whether the server names one; asked each time, since it may only do so later. */
  hasRelay(): boolean;
}

/** What a connection leaves to the one that takes its place. */
export interface Inheritance {
  readonly devices: Devices | null;
  readonly wasConnected: boolean;
  /** Null where it is connected. */
  readonly searchingSince: number | null;
  /** Connections of the other side that are gone; letters of theirs may still be on their way. */
  readonly retired: ReadonlySet<string>;
}

const AUDIBLE_LEVEL = 0.015;
/** Where there is a way, ICE finds it long before. */
export const UNREACHABLE_MS = 20_000;

/**
 * The connection to one other. Each pair has one audio and one video section for as long as it
 * lasts; devices come and go by replaceTrack, without negotiating again.
 */
export class MeshPeer {
  readonly #stream = new MediaStream();
  readonly #negotiation: Negotiation;
  readonly #channel: DevicesChannel;
  readonly #connection: RTCPeerConnection;
  /** What we send our audio and our video through. */
  readonly #senders = new Map<string, RTCRtpSender>();
  #outgoing: Outgoing;
  #devices: Devices | null;
  readonly #recovery: Recovery;
  /** Which of the other side's connections this one is connected with. */
  #origin: string | null = null;
  #frames = false;
  #speaking = false;
  /** Whether the browser tells how loud they are. */
  #hears = true;
  #wasConnected: boolean;
  #searchingSince: number | null;
  #unreachable: Unreachable | null = null;
  #code: SecurityCode | null = null;
  /** The certificates of both ends that the code was made of. */
  #codeOf = "";
  #closed = false;

  constructor(private readonly options: MeshPeerOptions) {
    const { connection, peer, outgoing, inherited } = options;
    this.#connection = connection;
    this.#outgoing = outgoing;
    this.#devices = inherited?.devices ?? null;
    this.#wasConnected = inherited?.wasConnected ?? false;
    this.#searchingSince = inherited?.searchingSince ?? Date.now();
    this.#recovery = new Recovery(
      {
        restart: () => void this.#restart(),
        rebuild: options.rebuild,
        canSignal: options.canSignal,
      },
      { leads: peer.createOffer, replaces: inherited !== null },
    );
    this.#channel = new DevicesChannel((devices) => {
      this.#devices = devices;
      options.changed();
    });
    this.#negotiation = new Negotiation(connection, {
      polite: peer.createOffer,
      awaitsFirstOffer: !peer.createOffer,
      sendDescription: options.sendDescription,
      sendCandidate: options.sendCandidate,
      beforeAnswer: () => this.#joinSections(),
      report: (error) => console.warn("Negotiation", error),
    });
    // Ours is negotiated; each one that a peer opens besides would stay.
    connection.addEventListener("datachannel", ({ channel }) => channel.close());
    connection.addEventListener("track", ({ track }) => this.#receive(track));
    connection.addEventListener("connectionstatechange", () => this.#followConnection());
    if (peer.createOffer) this.#openSections();
  }

  get peerID(): string {
    return this.options.peer.peerID;
  }

  get username(): string {
    return this.options.peer.peerUsername;
  }

  view(): RemotePeer {
    const devices = this.#devices;
    return {
      peerID: this.peerID,
      username: this.username,
      displayName: this.options.displayName(),
      stream: this.#stream,
      link: this.#link(),
      unreachable: this.#unreachable,
      devices,
      video: devices ? devices.camera || devices.screen : this.#frames,
      speaking: this.#speaking && devices?.microphone !== false,
      code: this.#code,
      codeChanged: this.options.identity.changed,
    };
  }

  /** The other side has put another connection in the place of the one that we know. */
  isReplacedBy({ type, sdp }: SessionDescription): boolean {
    const named = originOf(sdp);
    return type === "offer" && this.#origin !== null && named !== null && named !== this.#origin;
  }

  isRetired({ sdp }: SessionDescription): boolean {
    return this.options.inherited?.retired.has(originOf(sdp) ?? "") ?? false;
  }

  bequeath(): Inheritance {
    const retired = new Set(this.options.inherited?.retired);
    if (this.#origin !== null) retired.add(this.#origin);
    return {
      devices: this.#devices,
      wasConnected: this.#wasConnected,
      searchingSince: this.#searchingSince,
      retired,
    };
  }

  /** Looks after this connection where it does not stand. */
  check(disturbance: Disturbance): void {
    if (disturbance.messagesLost) this.#negotiation.repeatOffer();
    this.#recovery.check(disturbance);
  }

  receiveDescription(description: SessionDescription): void {
    this.#origin = originOf(description.sdp);
    void this.#negotiation.receiveDescription(description);
  }

  receiveCandidate(candidate: IceCandidate | null): void {
    void this.#negotiation.receiveCandidate(candidate);
  }

  publish(outgoing: Outgoing): void {
    this.#outgoing = outgoing;
    this.#channel.tell(outgoing.devices);
    for (const [kind, sender] of this.#senders) void this.#replace(sender, kind);
  }

  /** Looks whether they speak and whether they can be reached; true where that changed. */
  look(): boolean {
    const spoke = this.#listen();
    return this.#search() || spoke;
  }

  #listen(): boolean {
    const speaking = this.#hears && decoration("who speaks", () => this.#isHeard());
    if (speaking === null) {
      this.#hears = false;
      return false;
    }
    const changed = speaking !== this.#speaking;
    this.#speaking = speaking;
    return changed;
  }

  #isHeard(): boolean {
    const audio = this.#connection.getReceivers().find(({ track }) => track.kind === "audio");
    const sources = audio?.getSynchronizationSources?.() ?? [];
    return sources.some(({ audioLevel }) => (audioLevel ?? 0) > AUDIBLE_LEVEL);
  }

  /** While our own line to the server is down, it is not the way to them that is missing. */
  #search(): boolean {
    const before = this.#unreachable;
    const since = this.#searchingSince;
    const overdue = since !== null && Date.now() - since >= UNREACHABLE_MS;
    if (overdue) this.#recovery.overdue();
    if (!overdue || !this.options.canSignal()) this.#unreachable = null;
    else this.#unreachable ??= { relay: this.options.hasRelay() };
    return before !== this.#unreachable;
  }

  close(): void {
    this.#closed = true;
    this.#recovery.close();
    this.#connection.close();
  }

  #openSections(): void {
    const { localStream } = this.options;
    for (const kind of ["audio", "video"] as const) {
      const { sender } = this.#connection.addTransceiver(this.#outgoing[kind] ?? kind, {
        direction: "sendrecv",
        streams: [localStream],
      });
      this.#senders.set(kind, sender);
    }
    this.#openChannel();
  }

  /** Takes our place in what the other side offered. */
  async #joinSections(): Promise<void> {
    const offered = this.#connection.remoteDescription?.sdp ?? "";
    if (/^m=application /m.test(offered)) this.#openChannel();
    for (const transceiver of this.#connection.getTransceivers()) {
      const { kind } = transceiver.receiver.track;
      if (this.#senders.has(kind)) continue;
      this.#senders.set(kind, transceiver.sender);
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams?.(this.options.localStream);
      await this.#replace(transceiver.sender, kind);
    }
  }

  #openChannel(): void {
    this.#channel.open(this.#connection);
    this.#channel.tell(this.#outgoing.devices);
  }

  async #replace(sender: RTCRtpSender, kind: string): Promise<void> {
    const track = kind === "audio" ? this.#outgoing.audio : this.#outgoing.video;
    if (this.#closed || sender.track === track) return;
    try {
      await sender.replaceTrack(track);
    } catch (error) {
      if (!this.#closed) console.warn("replaceTrack", error);
    }
  }

  #receive(track: MediaStreamTrack): void {
    this.#stream.addTrack(track);
    if (track.kind === "video") {
      const note = () => {
        this.#frames = !track.muted;
        this.options.changed();
      };
      track.addEventListener("mute", note);
      track.addEventListener("unmute", note);
      note();
    }
    this.options.changed();
  }

  #followConnection(): void {
    const { connectionState } = this.#connection;
    if (connectionState !== "connected") this.#searchingSince ??= Date.now();
    else {
      this.#wasConnected = true;
      this.#searchingSince = null;
      this.#unreachable = null;
      const { currentRemoteDescription: theirs } = this.#connection;
      this.options.identity.settle(fingerprintsOf(theirs?.sdp ?? ""));
      void this.#readCode();
    }
    this.#recovery.follow(connectionState);
    this.options.changed();
  }

  /** At each connect: with another certificate it would be another code. To hash it takes a while. */
  async #readCode(): Promise<void> {
    const { currentLocalDescription: ours, currentRemoteDescription: theirs } = this.#connection;
    const ends = `${fingerprintsOf(ours?.sdp ?? "")} ${fingerprintsOf(theirs?.sdp ?? "")}`;
    if (this.#codeOf === ends) return;
    this.#codeOf = ends;
    const code = await codeOf(this.#connection).catch(() => null);
    if (this.#closed) return;
    this.#code = code;
    this.options.changed();
  }

  async #restart(): Promise<void> {
    const configuration = await this.options.freshIce().catch(() => null);
    if (this.#closed || this.#connection.connectionState === "connected") return;
    if (configuration) {
      decoration("new ICE servers", () => this.#connection.setConfiguration(configuration));
    }
    this.#connection.restartIce();
  }

  #link(): PeerLink {
    if (this.#connection.connectionState === "connected") return "connected";
    return this.#wasConnected ? "reconnecting" : "connecting";
  }
}
