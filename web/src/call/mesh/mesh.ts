import { Store } from "../../store";
import type {
  AddPeer,
  CandidateFromPeer,
  DescriptionFromPeer,
  IceCandidate,
  OfferSdp,
  PeerEntry,
  SessionDescription,
} from "../../wire.gen";
import { bestEffort } from "../best-effort";
import { coresOfThisComputer } from "../cores";
import type { MemberKeys } from "../e2ee/member-keys";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import type { FileSender } from "../files/file-peer";
import type { Files } from "../files/files";
import type { Gesture, GestureListener } from "../gestures";
import type { HealthListener } from "../health/window";
import type { ReliefLevel } from "../quality/cpu-relief";
import type { PictureWishes } from "../quality/wishes";
import type { ResumableSignaling } from "../resumable-signaling";
import { fingerprintsOf } from "../security-code";
import {
  type HealthCheckReason,
  type LocalTracks,
  type Membership,
  NO_LOCAL_TRACKS,
  type Participant,
  type PreparableTopology,
} from "../topology";
import { RELAYED_LATER_CODES } from "../transient-codes";
import {
  isAcceptable,
  MAX_EARLY,
  MAX_PEERS,
  MOST_PEERS,
  PeerRateLimits,
  shortName,
} from "./bounds";
import { BuildQueue } from "./build-queue";
import { CandidateRepetition } from "./candidate-repetition";
import { orderedCodecs } from "./codec-order";
import { hasH264Hardware } from "./encoder-support";
import type { IceSource } from "./ice";
import { MeshPeer } from "./mesh-peer";
import { PeerIdentities } from "./peer-identity";
import { MAX_PREPARED, PreparedPeers } from "./prepared-peers";
import { QualityControl } from "./quality-control";
import { StatsSampler } from "./stats-sampler";
import { WindowMeters } from "./window-meter";

export interface MeshParts {
  readonly signaling: Pick<ResumableSignaling, "on" | "send" | "isReady">;
  readonly ice: Pick<IceSource, "configuration" | "fresh" | "isDue" | "renewed">;
  readonly maxPeers?: number | undefined;
  readonly files?: Pick<Files, "attach" | "detach" | "connect"> | undefined;
  readonly keys?: Pick<MemberKeys, "fingerprints"> | undefined;
  connect?(configuration: RTCConfiguration): RTCPeerConnection;
}

const LOOK_EVERY_MS = 300;

/** A signal to a connection that is yet to be built. */
type EarlySignal =
  | { readonly description: SessionDescription }
  | { readonly candidate: IceCandidate | null };

/** Hears the secrets that peers send over their channels. */
export type SenderKeyListener = (peerID: string, message: SenderKeyMessage) => void;

/** The topology in which each pair of participants has a peer connection of its own. */
export class Mesh implements PreparableTopology {
  readonly participants = new Store<readonly Participant[]>([]);
  readonly #peers = new Map<string, MeshPeer>();
  readonly #streams = {
    person: new MediaStream(),
    screen: new MediaStream(),
    screen2: new MediaStream(),
    screen3: new MediaStream(),
  };
  readonly #looking: ReturnType<typeof setInterval>;
  readonly #queue = new BuildQueue();
  readonly #early = new Map<string, EarlySignal[]>();
  readonly #rateLimits = new Map<string, PeerRateLimits>();
  readonly #identities = new PeerIdentities();
  /** By peer, for those who have one. It may change while a connection stands, or is yet to be built. */
  readonly #displayNames = new Map<string, string>();
  /** The peers that record the call, as the server says; it may say so before it introduces them. */
  readonly #recorders = new Set<string>();
  readonly #prepared = new PreparedPeers();
  readonly #repetition = new CandidateRepetition(() => {
    for (const peer of this.#present()) peer.repeatCandidates();
  });
  readonly #sampler = new StatsSampler();
  readonly #quality = new QualityControl({
    sampler: this.#sampler,
    hasH264Hardware,
    cores: coresOfThisComputer(),
    now: () => performance.now(),
  });
  /** Peers that got an offer with the join: their introduction, which follows, asks for no other one. */
  readonly #offered = new Set<string>();
  readonly #unsubscribe: (() => void)[];
  /** What there is to send, and what of it is sent here. */
  #tracks = NO_LOCAL_TRACKS;
  #local = NO_LOCAL_TRACKS;
  #sendsMedia = true;
  #isConnecting = true;
  /** Peers to which connections are made once there are to be any. */
  readonly #introduced = new Map<string, AddPeer>();
  #isRecording = false;
  #hand: number | null = null;
  readonly #gestureListeners = new Set<GestureListener>();
  readonly #senderKeyListeners = new Set<SenderKeyListener>();

  constructor(private readonly parts: MeshParts) {
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    const { signaling } = parts;
    this.#unsubscribe = [
      signaling.on("add-peer", (peer) => this.#addPeer(peer)),
      signaling.on("remove-peer", ({ peerID }) => this.#removePeer(peerID)),
      signaling.on("peer-renamed", (peer) => this.#rename(peer)),
      signaling.on("signals-lost", ({ peerIDs }) => {
        for (const peerID of peerIDs) this.#peers.get(peerID)?.check("signals-lost");
      }),
      signaling.on("peer-recording", ({ peerID, recording }) =>
        this.#noteRecorder(peerID, recording),
      ),
      signaling.on("session-description", (message) => this.#receiveDescription(message)),
      signaling.on("ice-candidate", (message) => this.#receiveCandidate(message)),
      signaling.on("refused", ({ event, code }) => {
        if (event !== "offer-ice" || !RELAYED_LATER_CODES.has(code)) return;
        // To repeat what is too much would make it more.
        if (code !== "rate_limited") this.#repetition.noteRefusal();
      }),
    ];
  }

  known(): string[] {
    return [...new Set([...this.#peers.keys(), ...this.#queue.peerIDs()])];
  }

  /**
   * Makes connections to the latest of these peers before the join, and closes those to others. Nothing is sent: an
   * offer waits for `takeOffers`.
   */
  prepare(peers: readonly PeerEntry[]): void {
    const wanted = peers.slice(-MAX_PREPARED);
    for (const peerID of this.#prepared.peerIDs()) {
      if (!wanted.some((peer) => peer.peerID === peerID)) this.#removePeer(peerID);
    }
    for (const peer of wanted) {
      if (this.#prepared.has(peer.peerID)) continue;
      this.#prepared.add(peer.peerID);
      this.#addPeer({ ...peer, createOffer: true });
    }
  }

  /** The prepared offers, for the join that is sent now. What is not ready is dropped: it is made anew. */
  takeOffers(): OfferSdp[] {
    const offers: OfferSdp[] = [];
    for (const peerID of this.#prepared.peerIDs()) {
      const sessionDescription = this.#peers.get(peerID)?.offer();
      if (sessionDescription) {
        offers.push({ peerID, sessionDescription });
        this.#prepared.noteTaken(peerID);
      } else this.#removePeer(peerID);
    }
    return offers;
  }

  /** Drops peers that a new participation does not name. A resumed one is told of each peer that has left. */
  enter({ continuity, others, offered = [] }: Membership): void {
    if (continuity !== "resumed") this.#offered.clear();
    if (continuity === "new") this.#keepOnly(new Set(others.map(({ peerID }) => peerID)));
    else this.check(continuity === "resumed" ? "may-be-broken" : "signals-lost");
    for (const peer of others) {
      this.#rename(peer);
      // What was told since a first join was sent is newer than its answer.
      if (peer.recording || continuity !== "new") {
        this.#noteRecorder(peer.peerID, peer.recording === true);
      }
    }
    this.#quality.expect(others.length);
    this.#beginPrepared(new Set(offered));
  }

  #beginPrepared(offered: ReadonlySet<string>): void {
    const { signaling } = this.parts;
    for (const peerID of this.#prepared.peerIDs()) {
      if (!offered.has(peerID)) {
        this.#removePeer(peerID);
        continue;
      }
      for (const iceCandidate of this.#prepared.release(peerID)) {
        signaling.send({ event: "offer-ice", payload: { peerID, iceCandidate } });
      }
      this.#offered.add(peerID);
      this.#peers.get(peerID)?.begin();
    }
    if (this.#offered.size > 0) this.#show();
  }

  publish(tracks: LocalTracks): void {
    this.#tracks = tracks;
    this.#local = this.#sendsMedia ? tracks : { ...NO_LOCAL_TRACKS, on: tracks.on };
    this.#quality.publish(this.#local);
    for (const peer of this.#peers.values()) peer.publish(this.#local);
  }

  /** Without media, connections stay for what data channels carry, and send media again without negotiating. */
  sendMedia(isSending: boolean): void {
    if (this.#sendsMedia === isSending) return;
    this.#sendsMedia = isSending;
    this.publish(this.#tracks);
  }

  /**
   * A large call has no connections between its members: those that there are close, and who is introduced meanwhile
   * is connected to once it is small again.
   */
  connect(isConnecting: boolean): void {
    if (this.#isConnecting === isConnecting) return;
    this.#isConnecting = isConnecting;
    this.parts.files?.connect(isConnecting);
    const introduced = [...this.#introduced.values()];
    this.#introduced.clear();
    if (isConnecting) for (const peer of introduced) this.#addPeer(peer);
    else this.#keepOnly(new Set());
  }

  /** Whether pictures go out as small as they can, to everybody who wants them. */
  get isLowest(): Store<boolean> {
    return this.#quality.isLowest;
  }

  /** How many pictures, or packets of sound, of a track of a peer have come so far. */
  async received(peerID: string, track: MediaStreamTrack): Promise<number> {
    return (await this.#peers.get(peerID)?.received(track)) ?? 0;
  }

  wish(participant: string, wishes: PictureWishes): void {
    this.#quality.wish(participant, wishes);
  }

  speak(isAudible: boolean): void {
    this.#quality.speak(isAudible);
  }

  record(isRecording: boolean): void {
    this.#isRecording = isRecording;
    for (const peer of this.#peers.values()) peer.tellRecording(isRecording);
  }

  gesture(gesture: Gesture): void {
    switch (gesture.kind) {
      case "hand":
        this.#hand = gesture.number;
        for (const peer of this.#peers.values()) peer.tellHand(gesture.number);
        break;
      case "reaction":
        for (const peer of this.#present()) peer.tellOnce({ reaction: gesture.reaction });
        break;
      case "lower-hand":
        this.#peers.get(gesture.of)?.tellOnce({ lower: true });
    }
  }

  followGestures(listener: GestureListener): () => void {
    this.#gestureListeners.add(listener);
    return () => void this.#gestureListeners.delete(listener);
  }

  /** Sends a secret over the channel of a peer; false where it is not open. */
  sendSenderKey(peerID: string, message: SenderKeyMessage): boolean {
    return this.#peers.get(peerID)?.tellSenderKey(message) === true;
  }

  followSenderKeys(listener: SenderKeyListener): () => void {
    this.#senderKeyListeners.add(listener);
    return () => void this.#senderKeyListeners.delete(listener);
  }

  check(reason: HealthCheckReason): void {
    for (const peer of this.#peers.values()) peer.check(reason);
  }

  get relief(): Store<ReliefLevel> {
    return this.#quality.relief;
  }

  followHealth(listener: HealthListener): () => void {
    const meters = new WindowMeters();
    return this.#sampler.subscribe(
      (peerID, sample) => {
        const window = meters.take(peerID, sample);
        if (window) listener(peerID, window);
      },
      { whenHidden: true },
    );
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearInterval(this.#looking);
    this.#repetition.close();
    this.#quality.close();
    this.#sampler.close();
    this.#queue.close();
    this.#keepOnly(new Set());
  }

  get #maxPeers(): number {
    return Math.min(this.parts.maxPeers ?? MAX_PEERS, MOST_PEERS);
  }

  #addPeer(peer: AddPeer): void {
    const { peerID } = peer;
    if (!this.#isConnecting) {
      if (this.#introduced.size < this.#maxPeers) this.#introduced.set(peerID, peer);
      return;
    }
    const isNew = !this.#peers.has(peerID) && !this.#queue.has(peerID);
    if (isNew && this.known().length >= this.#maxPeers) return;
    this.#nameAs(peer);
    if (this.#offered.delete(peerID)) return;
    this.#request({ ...peer, peerUsername: shortName(peer.peerUsername) });
  }

  #rename(peer: Pick<PeerEntry, "peerID" | "peerDisplayName">): void {
    if (!this.known().includes(peer.peerID)) return;
    this.#nameAs(peer);
    this.#show();
  }

  /** The bound is that of a message of the server, which names the people in the call. */
  #noteRecorder(peerID: string, records: boolean): void {
    if (!records) this.#recorders.delete(peerID);
    else if (this.#recorders.size < MOST_PEERS) this.#recorders.add(peerID);
    this.#show();
  }

  #nameAs({ peerID, peerDisplayName }: Pick<PeerEntry, "peerID" | "peerDisplayName">): void {
    if (peerDisplayName) this.#displayNames.set(peerID, shortName(peerDisplayName));
    else this.#displayNames.delete(peerID);
  }

  #removePeer(peerID: string): void {
    this.#introduced.delete(peerID);
    this.#prepared.release(peerID);
    this.#offered.delete(peerID);
    this.#queue.cancel(peerID);
    this.#early.delete(peerID);
    this.#rateLimits.delete(peerID);
    this.#displayNames.delete(peerID);
    this.#recorders.delete(peerID);
    this.#sampler.forget(peerID);
    this.#quality.forget(peerID);
    this.parts.files?.detach(peerID);
    this.#peers.get(peerID)?.close();
    if (this.#peers.delete(peerID)) this.#show();
  }

  #keepOnly(peerIDs: ReadonlySet<string>): void {
    for (const peerID of this.known()) {
      if (!peerIDs.has(peerID)) this.#removePeer(peerID);
    }
  }

  #receiveDescription({ peerID, sessionDescription }: DescriptionFromPeer): void {
    const limits = this.#rateLimits.get(peerID);
    if (!limits?.descriptions.take(performance.now()) || !isAcceptable(sessionDescription)) return;
    const differs = this.#seeCertificates(peerID, sessionDescription);
    const peer = this.#peers.get(peerID);
    if (peer?.isRetired(sessionDescription)) return;
    // No connection can change its certificate: only another connection in its place has another one.
    if (differs && peer && !peer.isReplacedBy(sessionDescription)) return;
    if (this.#queue.has(peerID)) {
      // An offer opens the connection that is yet to be built: signals before it were for a former connection.
      if (sessionDescription.type === "offer") this.#early.delete(peerID);
      this.#keepEarly(peerID, { description: sessionDescription });
    } else if (peer?.isReplacedBy(sessionDescription)) {
      this.#request(
        { peerID, peerUsername: peer.username, createOffer: false },
        { description: sessionDescription },
      );
    } else peer?.receiveDescription(sessionDescription);
  }

  #receiveCandidate({ peerID, iceCandidate }: CandidateFromPeer): void {
    if (!this.#rateLimits.get(peerID)?.candidates.take(performance.now())) return;
    if (this.#queue.has(peerID)) this.#keepEarly(peerID, { candidate: iceCandidate });
    else this.#peers.get(peerID)?.receiveCandidate(iceCandidate);
  }

  /** Raises the alarm where a description names other certificates, whether it is used or not. */
  #seeCertificates(peerID: string, { sdp }: SessionDescription): boolean {
    const identity = this.#identities.of(peerID);
    const fingerprints = fingerprintsOf(sdp ?? "");
    if (identity.see(fingerprints)) this.#show();
    return identity.differs(fingerprints);
  }

  /** Builds a connection when it is its turn, in the place of the one that there may be. */
  #request(peer: AddPeer, ...early: EarlySignal[]): void {
    const { peerID } = peer;
    const limits = this.#rateLimits.get(peerID) ?? new PeerRateLimits();
    this.#rateLimits.set(peerID, limits);
    this.#early.set(peerID, early);
    this.#queue.request(peerID, limits.builds, () => this.#build(peer));
  }

  #keepEarly(peerID: string, signal: EarlySignal): void {
    const kept = this.#early.get(peerID) ?? [];
    if (kept.length < MAX_EARLY) kept.push(signal);
    this.#early.set(peerID, kept);
  }

  #build(peer: AddPeer): void {
    const { signaling, ice, files, keys } = this.parts;
    const { peerID } = peer;
    const former = this.#peers.get(peerID);
    const inherited = former?.bequeath() ?? null;
    former?.close();
    const connection = this.#connectionBy(ice.configuration());
    this.#sampler.follow(peerID, connection);
    const built = new MeshPeer({
      peer,
      displayName: () => this.#displayNames.get(peerID),
      isRecorder: () => this.#recorders.has(peerID),
      inherited,
      identity: this.#identities.of(peerID),
      memberFingerprints: async () => (await keys?.fingerprints(peerID)) ?? null,
      connection,
      local: this.#local,
      streams: this.#streams,
      canSignal: () => signaling.isReady,
      sendDescription: (sessionDescription, refused) => {
        if (this.#prepared.has(peerID)) return;
        signaling.send({ event: "offer-sdp", payload: { peerID, sessionDescription } }, refused);
      },
      sendCandidate: (iceCandidate) => {
        if (this.#prepared.hold(peerID, iceCandidate)) return;
        signaling.send({ event: "offer-ice", payload: { peerID, iceCandidate } });
      },
      changed: () => this.#show(),
      wished: (wishes) => this.#quality.hear(peerID, wishes),
      negotiated: () => this.#quality.update(),
      ...(files && {
        fileChannel: (channel) => files.attach(peerID, this.#senderOf(peer), channel),
      }),
      orderCodecs: (source) => orderedCodecs(this.#quality.preferredCodecs(source), source),
      reacted: (reaction) => {
        for (const listener of this.#gestureListeners) listener.reacted(peerID, reaction);
      },
      heardSenderKey: (message) => {
        for (const listener of this.#senderKeyListeners) listener(peerID, message);
      },
      askedToLower: () => {
        for (const listener of this.#gestureListeners) listener.askedToLower(peerID);
      },
      rebuild: () => this.#request(peer),
      freshIce: () => ice.fresh(),
      hasRelay: () => namesRelay(ice.configuration()),
    });
    this.#peers.set(peerID, built);
    built.tellRecording(this.#isRecording);
    built.tellHand(this.#hand);
    this.#quality.follow(peerID, built);
    for (const signal of this.#early.get(peerID) ?? []) {
      if ("description" in signal) built.receiveDescription(signal.description);
      else built.receiveCandidate(signal.candidate);
    }
    this.#early.delete(peerID);
    this.#show();
  }

  #senderOf({ peerID, peerUsername: username }: AddPeer): FileSender {
    return { username, displayName: this.#displayNames.get(peerID) };
  }

  /** Falls back to no ICE servers where this browser refuses a server's way to name them: some calls need none. */
  #connectionBy(configuration: RTCConfiguration): RTCPeerConnection {
    const { connect = (wanted: RTCConfiguration) => new RTCPeerConnection(wanted) } = this.parts;
    const { iceTransportPolicy = "all" } = configuration;
    return (
      bestEffort("the ICE servers", () => connect(configuration)) ?? connect({ iceTransportPolicy })
    );
  }

  /** Gives all connections new credentials before the old ones end. */
  async #renewIce(): Promise<void> {
    const configuration = await this.parts.ice.renewed();
    if (!configuration) return;
    for (const peer of this.#peers.values()) void peer.renewIce(configuration);
  }

  #look(): void {
    if (this.parts.ice.isDue) void this.#renewIce();
    let changed = false;
    for (const peer of this.#present()) changed = peer.look() || changed;
    if (changed) this.#show();
  }

  #show(): void {
    this.participants.set(this.#present().map((peer) => peer.view()));
  }

  /** The peers of the call: those that are prepared are not in it with us yet. */
  #present(): MeshPeer[] {
    return [...this.#peers.values()].filter(({ peerID }) => !this.#prepared.has(peerID));
  }
}

function namesRelay({ iceServers = [] }: RTCConfiguration): boolean {
  return iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)));
}
