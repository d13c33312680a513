import type { Store } from "../store";
import type {
  AddPeer,
  CandidateFromPeer,
  DescriptionFromPeer,
  PeerEntry,
  RemovePeer,
} from "../wire.gen";
import type { SecurityCode } from "./security-code";

/** What a person shows and says; it travels beside the media. */
export interface Devices {
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
}

/** What we send to everyone in the call. */
export interface Outgoing {
  readonly audio: MediaStreamTrack | null;
  readonly video: MediaStreamTrack | null;
  readonly devices: Devices;
}

/** What may be wrong with connections, and how much the other sides know of it. */
export interface Disturbance {
  /** Messages to or from peers may be lost: what is not answered is said again. */
  readonly messagesLost: boolean;
}

export type PeerLink = "connecting" | "connected" | "reconnecting";

/** For long, no way through the networks to them was found. The search goes on. */
export interface Unreachable {
  /** Whether the server names a relay (TURN), which leads around most firewalls. */
  readonly relay: boolean;
}

/** Another person in the call, as the interface may show them. */
export interface RemotePeer {
  readonly peerID: string;
  readonly username: string;
  /** Undefined where they have none beside the username. */
  readonly displayName?: string | undefined;
  readonly stream: MediaStream;
  readonly link: PeerLink;
  readonly unreachable: Unreachable | null;
  /** Null while unknown: clients that do not tell exist. */
  readonly devices: Devices | null;
  /** Frames arrive. */
  readonly video: boolean;
  readonly speaking: boolean;
  /** Null until the connection is there. */
  readonly code: SecurityCode | null;
  /** Their certificate is another one than before, and so is the code. */
  readonly codeChanged: boolean;
}

/**
 * How media gets from one to the others. A mesh connects each pair; a topology on top of a
 * forwarding unit would take the same orders and ignore what it does not need.
 */
export interface MediaTopology {
  readonly peers: Store<readonly RemotePeer[]>;
  /** With whom there is a connection, in whatever state. */
  known(): string[];
  addPeer(peer: AddPeer): void;
  removePeer(peer: Pick<RemovePeer, "peerID">): void;
  /** To this display name, or to none where it is absent. */
  rename(peer: Pick<PeerEntry, "peerID" | "peerDisplayName">): void;
  /** After a new visit has begun: whoever is not named has left meanwhile. */
  keepOnly(peerIDs: ReadonlySet<string>): void;
  receiveDescription(message: DescriptionFromPeer): void;
  receiveCandidate(message: CandidateFromPeer): void;
  publish(outgoing: Outgoing): void;
  /** Heals what does not stand; what stands is not touched. */
  check(disturbance: Disturbance): void;
  close(): void;
}
