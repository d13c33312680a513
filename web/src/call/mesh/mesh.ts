import { Store } from "../../store";
import type {
  AddPeer,
  CandidateFromPeer,
  DescriptionFromPeer,
  IceCandidate,
  PeerEntry,
  SessionDescription,
} from "../../wire.gen";
import { decoration } from "../decoration";
import { fingerprintsOf } from "../security-code";
import type { Disturbance, MediaTopology, Outgoing, RemotePeer } from "../topology";
import { isAcceptable, MAX_EARLY, MAX_PEERS, PeerAllowance, shortName } from "./bounds";
import { BuildQueue } from "./build-queue";
import { MeshPeer } from "./mesh-peer";
import { PeerIdentities } from "./peer-identity";

export interface MeshOptions {
  configuration(): RTCConfiguration;
  freshConfiguration(): Promise<RTCConfiguration>;
  /** Whether what is sent arrives. */
  canSignal(): boolean;
  sendDescription(peerID: string, description: SessionDescription): void;
  sendCandidate(peerID: string, candidate: IceCandidate): void;
  maxPeers?: number;
  connect?(configuration: RTCConfiguration): RTCPeerConnection;
}

const LOOK_EVERY_MS = 300;
const SILENT: Outgoing = {
  audio: null,
  video: null,
  devices: { microphone: false, camera: false, screen: false },
};

/** What a peer says to a connection that is yet to be built. */
type Early =
  | { readonly description: SessionDescription }
  | { readonly candidate: IceCandidate | null };

/** Everyone is connected with everyone. */
export class Mesh implements MediaTopology {
  readonly peers = new Store<readonly RemotePeer[]>([]);
  readonly #peers = new Map<string, MeshPeer>();
  readonly #localStream = new MediaStream();
  readonly #looking: ReturnType<typeof setInterval>;
  readonly #queue = new BuildQueue();
  readonly #early = new Map<string, Early[]>();
  readonly #allowances = new Map<string, PeerAllowance>();
  readonly #identities = new PeerIdentities();
  /** Of those that have one. It may change while a connection stands, or is yet to be built. */
  readonly #displayNames = new Map<string, string>();
  #outgoing = SILENT;

  constructor(private readonly options: MeshOptions) {
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  known(): string[] {
    return [...new Set([...this.#peers.keys(), ...this.#queue.peerIDs()])];
  }

  addPeer(peer: AddPeer): void {
    const { peerID } = peer;
    const isNew = !this.#peers.has(peerID) && !this.#queue.has(peerID);
    if (isNew && this.known().length >= (this.options.maxPeers ?? MAX_PEERS)) {
      return;
    }
    this.#nameAs(peer);
    this.#request({ ...peer, peerUsername: shortName(peer.peerUsername) });
  }

  rename(peer: Pick<PeerEntry, "peerID" | "peerDisplayName">): void {
    if (!this.known().includes(peer.peerID)) return;
    this.#nameAs(peer);
    this.#show();
  }

  #nameAs({ peerID, peerDisplayName }: Pick<PeerEntry, "peerID" | "peerDisplayName">): void {
    if (peerDisplayName) this.#displayNames.set(peerID, shortName(peerDisplayName));
    else this.#displayNames.delete(peerID);
  }

  removePeer({ peerID }: { peerID: string }): void {
    this.#queue.cancel(peerID);
    this.#early.delete(peerID);
    this.#allowances.delete(peerID);
    this.#displayNames.delete(peerID);
    this.#peers.get(peerID)?.close();
    if (this.#peers.delete(peerID)) this.#show();
  }

  keepOnly(peerIDs: ReadonlySet<string>): void {
    for (const peerID of this.known()) {
      if (!peerIDs.has(peerID)) this.removePeer({ peerID });
    }
  }

  receiveDescription({ peerID, sessionDescription }: DescriptionFromPeer): void {
    const allowance = this.#allowances.get(peerID);
    if (!allowance?.descriptions.take(performance.now()) || !isAcceptable(sessionDescription)) {
      return;
    }
    const differs = this.#seeCertificates(peerID, sessionDescription);
    const peer = this.#peers.get(peerID);
    if (peer?.isRetired(sessionDescription)) return;
    // No connection can change its certificate: only another one in its place has another.
    if (differs && peer && !peer.isReplacedBy(sessionDescription)) return;
    if (this.#queue.has(peerID)) {
      // An offer opens the connection that is waited for: what came before it was for another one.
      if (sessionDescription.type === "offer") this.#early.delete(peerID);
      this.#keepEarly(peerID, { description: sessionDescription });
    } else if (peer?.isReplacedBy(sessionDescription)) {
      this.#request(
        { peerID, peerUsername: peer.username, createOffer: false },
        { description: sessionDescription },
      );
    } else peer?.receiveDescription(sessionDescription);
  }

  receiveCandidate({ peerID, iceCandidate }: CandidateFromPeer): void {
    if (!this.#allowances.get(peerID)?.candidates.take(performance.now())) return;
    if (this.#queue.has(peerID)) this.#keepEarly(peerID, { candidate: iceCandidate });
    else this.#peers.get(peerID)?.receiveCandidate(iceCandidate);
  }

  publish(outgoing: Outgoing): void {
    this.#outgoing = outgoing;
    for (const peer of this.#peers.values()) peer.publish(outgoing);
  }

  check(disturbance: Disturbance): void {
    for (const peer of this.#peers.values()) peer.check(disturbance);
  }

  close(): void {
    clearInterval(this.#looking);
    this.#queue.close();
    this.keepOnly(new Set());
  }

  /** Raises the alarm where a description names other certificates, whether it is used or not. */
  #seeCertificates(peerID: string, { sdp }: SessionDescription): boolean {
    const identity = this.#identities.of(peerID);
    const fingerprints = fingerprintsOf(sdp ?? "");
    if (identity.see(fingerprints)) this.#show();
    return identity.differs(fingerprints);
  }

  /** Builds a connection, in the place of the one that there is, when it is its turn. */
  #request(peer: AddPeer, ...early: Early[]): void {
    const { peerID } = peer;
    const allowance = this.#allowances.get(peerID) ?? new PeerAllowance();
    this.#allowances.set(peerID, allowance);
    this.#early.set(peerID, early);
    this.#queue.request(peerID, allowance.builds, () => this.#build(peer));
  }

  #keepEarly(peerID: string, message: Early): void {
    const kept = this.#early.get(peerID) ?? [];
    if (kept.length < MAX_EARLY) kept.push(message);
    this.#early.set(peerID, kept);
  }

  #build(peer: AddPeer): void {
    const { options } = this;
    const { peerID } = peer;
    const former = this.#peers.get(peerID);
    const inherited = former?.bequeath() ?? null;
    former?.close();
    const built = new MeshPeer({
      peer,
      displayName: () => this.#displayNames.get(peerID),
      inherited,
      identity: this.#identities.of(peerID),
      connection: this.#connect(options.configuration()),
      outgoing: this.#outgoing,
      localStream: this.#localStream,
      canSignal: options.canSignal,
      sendDescription: (description) => options.sendDescription(peerID, description),
      sendCandidate: (candidate) => options.sendCandidate(peerID, candidate),
      changed: () => this.#show(),
      rebuild: () => this.#request(peer),
      freshIce: () => options.freshConfiguration(),
      hasRelay: () => namesRelay(options.configuration()),
    });
    this.#peers.set(peerID, built);
    for (const message of this.#early.get(peerID) ?? []) {
      if ("description" in message) built.receiveDescription(message.description);
      else built.receiveCandidate(message.candidate);
    }
    this.#early.delete(peerID);
    this.#show();
  }

  /** A server that names an ICE server in a way that this browser refuses is no reason to call nobody. */
  #connect(configuration: RTCConfiguration): RTCPeerConnection {
    const { connect = (wanted: RTCConfiguration) => new RTCPeerConnection(wanted) } = this.options;
    return decoration("the ICE servers", () => connect(configuration)) ?? connect({});
  }

  #look(): void {
    let changed = false;
    for (const peer of this.#peers.values()) changed = peer.look() || changed;
    if (changed) this.#show();
  }

  #show(): void {
    this.peers.set([...this.#peers.values()].map((peer) => peer.view()));
  }
}

function namesRelay({ iceServers = [] }: RTCConfiguration): boolean {
  return iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)));
}
