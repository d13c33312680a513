import type { AddPeer, IceCandidate, SessionDescription } from "../../wire.gen";
import { bestEffort } from "../best-effort";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import type { Reaction } from "../gestures";
import { IceObservation } from "../ice-observation";
import type { PictureSource, PictureWishes } from "../quality/wishes";
import { endOf, fingerprintsOf, type SecurityCode, securityCode } from "../security-code";
import {
  type HealthCheckReason,
  type LocalTracks,
  type MediaHealth,
  type Participant,
  type RemoteScreen,
  type RemoteTrack,
  SOUND_OF,
  type TrackSource,
  type Unreachable,
} from "../topology";
import { mediaSoFar, readSample, receivedSoFar } from "./connection-sample";
import { type LocalStreams, MediaSections, type OrderCodecs } from "./media-sections";
import { Negotiation } from "./negotiation";
import { OneScreenAlone } from "./one-screen-alone";
import { askForDtx } from "./opus-parameters";
import type { PeerIdentity } from "./peer-identity";
import type { ControlledPeer, Outgoing } from "./quality-control";
import { Recovery } from "./recovery";
import { originOf } from "./sdp-origin";
import { type PeerState, type PictureNews, type ScreenState, StateChannel } from "./state-channel";

export interface MeshPeerOptions {
  peer: AddPeer;
  /** Asked each time, since it may change; undefined where the peer has none. */
  displayName(): string | undefined;
  /** Whether the server says that the peer records the call. */
  isRecorder(): boolean;
  connection: RTCPeerConnection;
  local: LocalTracks;
  streams: LocalStreams;
  /** `refused` is called where the server does not pass it on. */
  sendDescription(description: SessionDescription, refused: (code: string) => void): void;
  sendCandidate(candidate: IceCandidate): void;
  changed(): void;
  /** What the peer wants of us. */
  wished(wishes: PictureWishes): void;
  /** Takes the channel over which files go. */
  fileChannel?(channel: RTCDataChannel): void;
  /** Runs when a negotiation has ended. */
  negotiated(): void;
  orderCodecs: OrderCodecs;
  identity: PeerIdentity;
  /** The fingerprints of both member keys, ours first; null where one of us has none. */
  memberFingerprints(): Promise<readonly [string, string] | null>;
  /** From the connection that this one replaces. */
  inherited: Inheritance | null;
  reacted(reaction: Reaction): void;
  heardSenderKey(message: SenderKeyMessage): void;
  askedToLower(): void;
  canSignal(): boolean;
  /** Puts another connection in the place of this one. */
  rebuild(): void;
  /** Asked before a restart of ICE: the servers known so far may have expired. */
  freshIce(): Promise<RTCConfiguration>;
  /** Whether the server names a relay; asked each time, since it may only do so later. */
  hasRelay(): boolean;
}

/** State that a connection leaves to the one that takes its place. */
export interface Inheritance {
  readonly state: PeerState | null;
  readonly hand: number | null | undefined;
  readonly wasConnected: boolean;
  /** Null where it is connected. */
  readonly searchingSince: number | null;
  /** Connections of the other side that are gone; signals of theirs may still be on their way. */
  readonly retired: ReadonlySet<string>;
}

const AUDIBLE_LEVEL = 0.015;
/** Negotiated like that of the state; a client that does not know it drops what comes over it. */
const FILE_CHANNEL = { negotiated: true, id: 1 } as const;
/** Its hashes take a tenth of a second of CPU: right after a connect they would hold up the first picture. */
const CODE_AFTER_MS = 1_000;
/** The wait for the answer to the first offer, which a busy computer gives late. */
export const REPEAT_FIRST_MS = 5_000;
const LISTEN_MS = 2_750;
const LISTEN_EVERY_MS = 250;
/** After this long without a connection, the peer is shown as unreachable: ICE needs far less. */
export const UNREACHABLE_MS = 20_000;

/** The peer connection to one other participant, and all that keeps it up. */
export class MeshPeer implements ControlledPeer {
  readonly #negotiation: Negotiation;
  readonly #sections: MediaSections;
  readonly #channel: StateChannel;
  readonly #connection: RTCPeerConnection;
  #local: LocalTracks;
  /** Null while the peer has told nothing; some clients never do. */
  #state: PeerState | null;
  /** What the peer does not send for now, though it is on. */
  #paused: readonly PictureSource[] = [];
  /** The number of the peer's hand. */
  #hand: number | null | undefined;
  #heardState = false;
  /** What the peer wants of us, as it says. */
  #wants: PictureWishes = {};
  readonly #oneAlone = new OneScreenAlone();
  readonly #recovery: Recovery;
  readonly #ice: IceObservation;
  /** The session id of the other side's connection that this one is connected with. */
  #origin: string | null = null;
  #speaking = false;
  /** Whether the peer itself says that it records the call. */
  #records = false;
  /** Whether the browser tells how loud the peer is. */
  #hears = true;
  #wasConnected: boolean;
  #searchingSince: number | null;
  #unreachable: Unreachable | null = null;
  #code: SecurityCode | null = null;
  /** Null until the connection is connected, and once the code is being made. */
  #codeDueAt: number | null = null;
  /** The fingerprints of both ends from which the code was made. */
  #codeOf = "";
  #closed = false;
  #hasFileChannel = false;

  constructor(private readonly options: MeshPeerOptions) {
    const { connection, peer, local, inherited } = options;
    this.#connection = connection;
    this.#ice = new IceObservation(connection);
    this.#local = local;
    this.#oneAlone.publish(local.screens);
    this.#sections = new MediaSections(connection, options.streams, local, options.orderCodecs);
    // The section of a screen belonged to the former connection; until this one has its own, the screen is sent
    // in the camera's.
    this.#state = inherited?.state
      ? { ...inherited.state, screenMid: undefined, screens: undefined }
      : null;
    this.#hand = inherited?.hand;
    this.#wasConnected = inherited?.wasConnected ?? false;
    this.#searchingSince = inherited?.searchingSince ?? Date.now();
    this.#recovery = new Recovery(
      {
        restart: () => void this.#restart(),
        hears: () => this.#getsAnything(),
        rebuild: options.rebuild,
        canSignal: options.canSignal,
      },
      { leads: peer.createOffer, replaces: inherited !== null },
    );
    this.#channel = new StateChannel({
      heardState: (state) => this.#hear(state),
      heardNews: (news) => this.#hearNews(news),
    });
    this.#negotiation = new Negotiation(connection, {
      polite: peer.createOffer,
      awaitsFirstOffer: !peer.createOffer,
      sendDescription: (description, refused) =>
        options.sendDescription(asSent(description), refused),
      sendCandidate: options.sendCandidate,
      beforeAnswer: () => this.#joinSections(),
      report: (error) => console.warn("Negotiation", error),
    });
    // Our channel is negotiated without this event; channels that the peer opens are not used.
    connection.addEventListener("datachannel", ({ channel }) => channel.close());
    connection.addEventListener("track", ({ track }) => this.#follow(track));
    connection.addEventListener("connectionstatechange", () => this.#followConnection());
    connection.addEventListener("signalingstatechange", () => this.#followSignaling());
    if (peer.createOffer) {
      this.#sections.open();
      this.#openChannel();
    }
  }

  get peerID(): string {
    return this.options.peer.peerID;
  }

  get username(): string {
    return this.options.peer.peerUsername;
  }

  view(): Participant {
    return {
      id: this.peerID,
      username: this.username,
      displayName: this.options.displayName(),
      ...this.#media(),
      speaking: this.#speaking && this.#state?.on.microphone !== false,
      records: this.#records || this.options.isRecorder(),
      ...(this.#hand !== undefined && { hand: this.#hand }),
      health: this.#health(),
      code: this.#code,
      codeChanged: this.options.identity.changed,
    };
  }

  /** Without a section of its own, a shared screen comes in the camera's, and the camera does not come. */
  #media(): Pick<Participant, "tracks" | "screens"> {
    const { on, screenMid } = this.#state ?? {};
    const isInstead = on?.screen === true && this.#sections.remoteIn("screen", screenMid) === null;
    const remote = (
      source: TrackSource,
      track: MediaStreamTrack | null,
      isOn: boolean | null,
    ): RemoteTrack => ({
      track,
      on: isOn,
      flowing: track?.muted === false,
      paused: this.#paused.some((paused) => paused === source),
    });
    const video = this.#sections.remote("camera");
    const told = this.#theirScreens;
    const screens = told.map(({ source, mid, sound }, at): RemoteScreen => {
      const comesInstead = isInstead && at === told.length - 1;
      const track = comesInstead ? video : this.#sections.remoteIn(source, mid);
      return {
        ...remote(source, track, true),
        source,
        sound: this.#sections.remoteIn(SOUND_OF[source], sound),
      };
    });
    const microphone = this.#sections.remote("microphone");
    const {
      source: _,
      sound: __,
      ...newest
    } = screens.at(-1) ?? {
      ...remote("screen", null, on ? on.screen : null),
      source: "screen",
      sound: null,
    };
    return {
      tracks: {
        microphone: remote("microphone", microphone, on?.microphone ?? null),
        camera: remote("camera", isInstead ? null : video, on?.camera ?? null),
        screen: newest,
      },
      screens,
    };
  }

  /** Clients that know of one screen alone say of it only where it is sent. */
  get #theirScreens(): readonly ScreenState[] {
    const { on, screenMid = null, screens } = this.#state ?? {};
    if (!on?.screen) return [];
    return screens ?? [{ source: "screen", mid: screenMid }];
  }

  /** The offer that waits for its answer, with the candidates gathered so far. */
  offer(): SessionDescription | null {
    const { signalingState, localDescription } = this.#connection;
    if (signalingState !== "have-local-offer" || !localDescription) return null;
    return asSent(localDescription);
  }

  get outgoing(): Outgoing[] {
    return this.#sections.outgoing;
  }

  tellWishes(wishes: PictureWishes): void {
    this.#channel.tellWishes(wishes);
  }

  tellHand(hand: number | null): void {
    this.#channel.tellHand(hand);
  }

  tellOnce(news: { reaction: Reaction } | { lower: true }): void {
    this.#channel.tellOnce(news);
  }

  /** False where no channel is open. */
  tellSenderKey(senderKey: SenderKeyMessage): boolean {
    return this.#channel.tellOnce({ senderKey });
  }

  tellPaused(sources: readonly PictureSource[]): void {
    this.#channel.tellPaused(this.#knowsScreens ? sources : this.#oneAlone.told(sources));
  }

  tellRecording(isRecording: boolean): void {
    this.#channel.tellRecording(isRecording);
  }

  /** Starts the search for the peer, whose connection was made before they could answer. */
  begin(): void {
    this.#searchingSince = Date.now();
  }

  async received(track: MediaStreamTrack): Promise<number> {
    const receiver = this.#connection.getReceivers().find((one) => one.track === track);
    const report = await receiver?.getStats().catch(() => null);
    return report ? mediaSoFar(report) : 0;
  }

  /** Whether the other side has put another connection in the place of the one that we know. */
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
      state: this.#state,
      hand: this.#hand,
      wasConnected: this.#wasConnected,
      searchingSince: this.#searchingSince,
      retired,
    };
  }

  /** Heals this connection where it is broken. */
  check(reason: HealthCheckReason): void {
    if (reason === "signals-lost") this.#negotiation.repeatOffer();
    this.#recovery.check(reason);
  }

  receiveDescription(description: SessionDescription): void {
    this.#origin = originOf(description.sdp);
    void this.#negotiation.receiveDescription(description);
  }

  receiveCandidate(candidate: IceCandidate | null): void {
    void this.#negotiation.receiveCandidate(candidate);
  }

  /** Sends candidates again that the server may have refused. Connections that stand need none. */
  repeatCandidates(): void {
    if (this.#connection.connectionState !== "connected") this.#negotiation.repeatCandidates();
  }

  publish(local: LocalTracks): void {
    this.#local = local;
    this.#sections.publish(local);
    this.#openScreenSections();
    if (this.#oneAlone.publish(local.screens) && !this.#knowsScreens) this.#wish();
    this.#tell();
  }

  /** Measures whether the peer speaks and can be reached; true where that changed. */
  look(): boolean {
    this.#repeatLateOffer();
    if (this.#codeDueAt !== null && Date.now() >= this.#codeDueAt) void this.#readCode();
    const spoke = this.#listen();
    return this.#search() || spoke;
  }

  /**
   * Repeats an unanswered offer. While the connection is down, `Recovery` acts instead; clients without our channel
   * are spared once they have answered, since they may take long and may not expect an offer twice.
   */
  #repeatLateOffer(): void {
    const { connectionState } = this.#connection;
    if (!this.options.canSignal()) return;
    if (connectionState === "new") {
      this.#negotiation.repeatLateOffer(Date.now(), REPEAT_FIRST_MS);
    } else if (connectionState === "connected" && this.#state) {
      this.#negotiation.repeatLateOffer(Date.now());
    }
  }

  #listen(): boolean {
    const speaking = this.#hears && bestEffort("who speaks", () => this.#isHeard());
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

  /** While our own connection to the server is down, the peer may well be reachable. */
  #search(): boolean {
    const before = this.#unreachable;
    const since = this.#searchingSince;
    const overdue = since !== null && Date.now() - since >= UNREACHABLE_MS;
    if (overdue) this.#recovery.overdue();
    if (!overdue || !this.options.canSignal()) this.#unreachable = null;
    else {
      const { relay, fault } = this.#whyUnreachable();
      const isSame = before?.relay === relay && before.fault === fault;
      this.#unreachable = isSame ? before : { relay, fault };
    }
    return before !== this.#unreachable;
  }

  #whyUnreachable(): Unreachable {
    if (!this.options.hasRelay()) return { relay: false };
    const fault = this.#ice.relayFault ?? (this.#ice.isUdpBlocked ? "udpBlocked" : undefined);
    return { relay: true, fault };
  }

  close(): void {
    this.#closed = true;
    this.#sections.close();
    this.#recovery.close();
    this.#negotiation.close();
    this.#connection.close();
  }

  #joinSections(): void {
    const offered = this.#connection.remoteDescription?.sdp ?? "";
    if (/^m=application /m.test(offered)) this.#openChannel();
    this.#sections.accept();
  }

  #openChannel(): void {
    this.#channel.open(this.#connection);
    this.#tell();
    this.#openFileChannel();
  }

  #openFileChannel(): void {
    const { fileChannel } = this.options;
    if (this.#hasFileChannel || !fileChannel) return;
    this.#hasFileChannel = true;
    const channel = bestEffort("a channel for files", () =>
      this.#connection.createDataChannel("files", FILE_CHANNEL),
    );
    if (channel) fileChannel(channel);
  }

  #tell(): void {
    const { screenMid, screens } = this.#sections;
    this.#channel.tell({ on: this.#local.on, screenMid, screens });
  }

  #hear(state: PeerState): void {
    this.#state = state;
    // On a new connection a hand that is up is told again, right behind the first state; one that is down is not.
    if (!this.#heardState) this.#hand = this.#hand === undefined ? undefined : null;
    this.#heardState = true;
    this.#openScreenSections();
    this.#sections.know({ screen: this.#knowsScreen, screens: this.#knowsScreens });
    this.options.changed();
  }

  #hearNews({ wants, paused, hand, reaction, lower, records, senderKey }: PictureNews): void {
    if (wants) {
      this.#wants = wants;
      this.#wish();
    }
    if (reaction) this.options.reacted(reaction);
    if (lower) this.options.askedToLower();
    if (senderKey) this.options.heardSenderKey(senderKey);
    if (hand !== undefined) this.#hand = hand;
    if (paused) this.#paused = paused;
    this.#records = records ?? this.#records;
    if (!paused && hand === undefined && records === undefined) return;
    this.options.changed();
  }

  #wish(): void {
    const wants = this.#wants;
    this.options.wished(this.#knowsScreens ? wants : this.#oneAlone.meant(wants));
  }

  get #knowsScreen(): boolean {
    return this.#state?.screenMid !== undefined;
  }

  get #knowsScreens(): boolean {
    return this.#state?.screens !== undefined;
  }

  /** The side that opened the connection opens these sections too, whichever side shares a screen. */
  #openScreenSections(): void {
    if (!this.options.peer.createOffer || !this.#knowsScreen) return;
    const ours = this.#local.screens;
    const theirs = this.#theirScreens;
    const isShared = ours.length > 0 || theirs.length > 0;
    if (!this.#knowsScreens) {
      if (isShared) this.#sections.openScreens(["screen"]);
      return;
    }
    const wanted = [...ours, ...theirs].map(({ source }) => source);
    const sounding = [
      ...ours.filter(({ sound }) => sound),
      ...theirs.filter(({ sound }) => sound !== undefined),
    ];
    // The first one stands for all: until there is one, screens take the camera's place.
    const first = isShared ? (["screen"] as const) : [];
    const sounds = sounding.map(({ source }) => SOUND_OF[source]);
    this.#sections.openScreens([...first, ...wanted, ...sounds]);
  }

  /** Moves screens into a section of its own, where the negotiation that has just ended opened it. */
  #followSignaling(): void {
    if (this.#connection.signalingState !== "stable") return;
    this.#sections.update();
    this.#tell();
    this.options.negotiated();
    this.options.changed();
  }

  #follow(track: MediaStreamTrack): void {
    track.addEventListener("mute", this.options.changed);
    track.addEventListener("unmute", this.options.changed);
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
      this.#codeDueAt = Date.now() + CODE_AFTER_MS;
    }
    this.#recovery.follow(connectionState);
    this.options.changed();
  }

  /** Runs after each connect: another certificate would make another code. */
  async #readCode(): Promise<void> {
    this.#codeDueAt = null;
    const { currentLocalDescription: ours, currentRemoteDescription: theirs } = this.#connection;
    const certificates = [fingerprintsOf(ours?.sdp ?? ""), fingerprintsOf(theirs?.sdp ?? "")];
    const code = await this.#codeOfEnds(certificates).catch(() => null);
    if (this.#closed || code === undefined) return;
    this.#code = code;
    this.options.changed();
  }

  /** Undefined where both ends are those of the code that there is. */
  async #codeOfEnds([ours = "", theirs = ""]: readonly string[]): Promise<
    SecurityCode | null | undefined
  > {
    if (ours === "" || theirs === "") return null;
    const members = (await this.options.memberFingerprints()) ?? ["", ""];
    const [a, b] = [endOf(ours, members[0]), endOf(theirs, members[1])];
    if (this.#codeOf === `${a} ${b}`) return undefined;
    this.#codeOf = `${a} ${b}`;
    return securityCode(a, b);
  }

  /** A connection that was broken may have healed meanwhile; one that was thought to stand is not left alone. */
  async #restart(): Promise<void> {
    const before = this.#connection.connectionState;
    const configuration = await this.options.freshIce().catch(() => null);
    if (this.#closed) return;
    if (before !== "connected" && this.#connection.connectionState === "connected") return;
    if (configuration) {
      bestEffort("new ICE servers", () => this.#connection.setConfiguration(configuration));
    }
    this.#connection.restartIce();
  }

  /** Each side checks the other one by STUN at least every 2.5 seconds (libwebrtc), whatever else it sends. */
  async #getsAnything(): Promise<boolean> {
    const before = await this.#received();
    if (before === null) return true;
    for (let waited = 0; waited < LISTEN_MS; waited += LISTEN_EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, LISTEN_EVERY_MS));
      if (this.#closed || (await this.#received()) !== before) return true;
    }
    return false;
  }

  async #received(): Promise<number | null> {
    const report = await this.#connection.getStats().catch(() => null);
    return report && receivedSoFar(report);
  }

  /**
   * Takes new credentials. A relay is held by those it began with, and a TURN server refuses them once they have
   * expired: so a connection that uses one finds another way, over a relay with the new ones, while it still works.
   */
  async renewIce(configuration: RTCConfiguration): Promise<void> {
    bestEffort("new ICE servers", () => this.#connection.setConfiguration(configuration));
    const report = await this.#connection.getStats().catch(() => null);
    if (this.#closed || report === null) return;
    if (readSample(report, 0).path?.local === "relay") this.#connection.restartIce();
  }

  #health(): MediaHealth {
    const isConnected = this.#connection.connectionState === "connected";
    const connection = this.#wasConnected ? "reconnecting" : "connecting";
    return {
      connection: isConnected ? "connected" : connection,
      unreachable: this.#unreachable,
    };
  }
}

/** A description as the other side gets it: our browser's own, and what we wish to receive. */
function asSent({ type, sdp = "" }: SessionDescription): SessionDescription {
  return { type, sdp: askForDtx(sdp) };
}
