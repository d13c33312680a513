import { Store } from "../store";
import type {
  AddPeer,
  CandidateFromPeer,
  DescriptionFromPeer,
  IceCandidate,
  SessionDescription,
} from "../wire.gen";
import { type Inheritance, MeshPeer } from "./mesh-peer";
import type { Disturbance, MediaTopology, Outgoing, RemotePeer } from "./topology";

export interface MeshOptions {
  configuration(): RTCConfiguration;
  freshConfiguration(): Promise<RTCConfiguration>;
  /** Whether what is sent arrives. */
  canSignal(): boolean;
  sendDescription(peerID: string, description: SessionDescription): void;
  sendCandidate(peerID: string, candidate: IceCandidate): void;
  connect?(configuration: RTCConfiguration): RTCPeerConnection;
}

const LISTEN_EVERY_MS = 300;
const SILENT: Outgoing = {
  audio: null,
  video: null,
  devices: { microphone: false, camera: false, screen: false },
};

/** Everyone is connected with everyone. */
export class Mesh implements MediaTopology {
  readonly peers = new Store<readonly RemotePeer[]>([]);
  readonly #peers = new Map<string, MeshPeer>();
  readonly #localStream = new MediaStream();
  readonly #listening: ReturnType<typeof setInterval>;
  #outgoing = SILENT;

  constructor(private readonly options: MeshOptions) {
    this.#listening = setInterval(() => this.#listen(), LISTEN_EVERY_MS);
  }

  known(): string[] {
    return [...this.#peers.keys()];
  }

  addPeer(peer: AddPeer): void {
    this.#build(peer, this.#peers.get(peer.peerID)?.bequeath() ?? null);
  }

  removePeer({ peerID }: { peerID: string }): void {
    this.#peers.get(peerID)?.close();
    if (this.#peers.delete(peerID)) this.#show();
  }

  keepOnly(peerIDs: ReadonlySet<string>): void {
    for (const peerID of [...this.#peers.keys()]) {
      if (!peerIDs.has(peerID)) this.removePeer({ peerID });
    }
  }

  receiveDescription({ peerID, peerUsername, sessionDescription }: DescriptionFromPeer): void {
    const peer = this.#peers.get(peerID);
    if (!peer || peer.isRetired(sessionDescription)) return;
    if (peer.isReplacedBy(sessionDescription)) {
      this.#build({ peerID, peerUsername, createOffer: false }, peer.bequeath());
    }
    this.#peers.get(peerID)?.receiveDescription(sessionDescription);
  }

  receiveCandidate({ peerID, iceCandidate }: CandidateFromPeer): void {
    this.#peers.get(peerID)?.receiveCandidate(iceCandidate);
  }

  publish(outgoing: Outgoing): void {
    this.#outgoing = outgoing;
    for (const peer of this.#peers.values()) peer.publish(outgoing);
  }

  check(disturbance: Disturbance): void {
    for (const peer of this.#peers.values()) peer.check(disturbance);
  }

  close(): void {
    clearInterval(this.#listening);
    this.keepOnly(new Set());
  }

  #build(peer: AddPeer, inherited: Inheritance | null): void {
    const { options } = this;
    const { peerID } = peer;
    this.#peers.get(peerID)?.close();
    const connect = options.connect ?? ((configuration) => new RTCPeerConnection(configuration));
    const built = new MeshPeer({
      peer,
      inherited,
      connection: connect(options.configuration()),
      outgoing: this.#outgoing,
      localStream: this.#localStream,
      canSignal: options.canSignal,
      sendDescription: (description) => options.sendDescription(peerID, description),
      sendCandidate: (candidate) => options.sendCandidate(peerID, candidate),
      changed: () => this.#show(),
      rebuild: () => this.#build(peer, built.bequeath()),
      freshIce: () => options.freshConfiguration(),
    });
    this.#peers.set(peerID, built);
    this.#show();
  }

  #listen(): void {
    let changed = false;
    for (const peer of this.#peers.values()) changed = peer.listen() || changed;
    if (changed) this.#show();
  }

  #show(): void {
    this.peers.set([...this.#peers.values()].map((peer) => peer.view()));
  }
}
