import type { Store } from "../../store";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import type { SenderKeyListener } from "../mesh/mesh";
import type { SfuState } from "../sfu/sfu-topology";
import type { MediaTopology, PreparableTopology } from "../topology";

/** A topology of which one can tell whether media have come. */
export interface MeasuredPath extends MediaTopology {
  /** How many pictures, or packets of sound, of a track of a participant have come so far. */
  received(participant: string, track: MediaStreamTrack): Promise<number>;
}

/** The mesh, which stays for what its data channels carry. */
export interface MeshPath extends MeasuredPath, PreparableTopology {
  readonly isLowest: Store<boolean>;
  sendMedia(isSending: boolean): void;
  /** Whether there are connections to the others, if only for their data channels. */
  connect(isConnecting: boolean): void;
  /** False where the peer has no open channel. */
  sendSenderKey(peerID: string, message: SenderKeyMessage): boolean;
  followSenderKeys(listener: SenderKeyListener): () => void;
}

export interface SfuPath extends MeasuredPath {
  readonly state: Store<SfuState>;
  readonly isPublished: Store<boolean>;
  limitLines(most: number | null): void;
  hearSenderKey(member: string, message: SenderKeyMessage): void;
}
