import { Store } from "../store";
import type {
  AddPeer,
  CandidateFromPeer,
  DescriptionFromPeer,
  IceCandidate,
  SessionDescription,
} from "../wire.gen";
import { MeshPeer } from "./mesh-peer";
import type { MediaTopology, Outgoing, RemotePeer } from "./topology";

export interface MeshOptions {
  configuration(): RTCConfiguration;
  freshConfiguration(): Promise<RTCConfiguration>;
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

  addPeer(peer: AddPeer): void {
    const { options } = this;
    const { peerID } = peer;
    this.#peers.get(peerID)?.close();
    const connect = options.connect ?? ((configuration) => new RTCPeerConnection(configuration));
    const added = new MeshPeer({
      peer,
      connection: connect(options.configuration()),
      outgoing: this.#outgoing,
      localStream: this.#localStream,
      sendDescription: (description) => options.sendDescription(peerID, description),
      sendCandidate: (candidate) => options.sendCandidate(peerID, candidate),
      changed: () => this.#show(),
      freshIce: () => options.freshConfiguration(),
    });
    this.#peers.set(peerID, added);
    this.#show();
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

  receiveDescription({ peerID, sessionDescription }: DescriptionFromPeer): void {
    this.#peers.get(peerID)?.receiveDescription(sessionDescription);
  }

  receiveCandidate({ peerID, iceCandidate }: CandidateFromPeer): void {
    this.#peers.get(peerID)?.receiveCandidate(iceCandidate);
  }

  publish(outgoing: Outgoing): void {
    this.#outgoing = outgoing;
    for (const peer of this.#peers.values()) peer.publish(outgoing);
  }

  close(): void {
    clearInterval(this.#listening);
    this.keepOnly(new Set());
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
