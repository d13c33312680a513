import type { Store } from "../store";
import type { CallTopology, OfferSdp, PeerEntry } from "../wire.gen";
import type { Gesture, GestureListener } from "./gestures";
import type { HealthListener } from "./health/window";
import type { ReliefLevel } from "./quality/cpu-relief";
import type { PictureWishes } from "./quality/wishes";
import type { Continuity } from "./resumable-signaling";
import type { SecurityCode } from "./security-code";

/** The screens that a participant can share at once. A screen keeps its name while it is shared. */
export const SCREENS = ["screen", "screen2", "screen3"] as const;
export type ScreenSource = (typeof SCREENS)[number];

/** The sound of each screen. */
export const SOUND_OF = { screen: "sound", screen2: "sound2", screen3: "sound3" } as const;
export type SoundSource = (typeof SOUND_OF)[ScreenSource];

/** The kinds of media that a participant can send, each as a track of its own. */
export type TrackSource = "microphone" | "camera" | ScreenSource | SoundSource;

/** Which sources of a participant are on; `screen` where any screen is shared. */
export type SourceStates = Readonly<Record<"microphone" | "camera" | "screen", boolean>>;

/** A screen, window or tab that is shared from this browser. */
export interface LocalScreen {
  readonly source: ScreenSource;
  readonly picture: MediaStreamTrack;
  /** Null where the browser gives none. */
  readonly sound: MediaStreamTrack | null;
  /** Whether its lines matter more than its motion. */
  readonly isText: boolean;
  readonly framesPerSecond: number;
}

/** The tracks that this browser sends to everyone in the call; null where a source has nothing to send. */
export interface LocalTracks {
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  /** In the order in which their sharing began. */
  readonly screens: readonly LocalScreen[];
  /** A source may have a track and be off: a muted microphone sends silence. */
  readonly on: SourceStates;
}

export const NO_LOCAL_TRACKS: LocalTracks = {
  microphone: null,
  camera: null,
  screens: [],
  on: { microphone: false, camera: false, screen: false },
};

/** A source of another participant. */
export interface RemoteTrack {
  readonly track: MediaStreamTrack | null;
  /** As the participant tells; null for clients that do not tell. */
  readonly on: boolean | null;
  /** Whether media of it arrive. */
  readonly flowing: boolean;
  /** Whether the participant leaves it out for now, since the way from them to us is too narrow for more than sound. */
  readonly paused: boolean;
}

/** A shared screen of another participant. */
export interface RemoteScreen extends RemoteTrack {
  readonly source: ScreenSource;
  readonly sound: MediaStreamTrack | null;
}

/** No way through the networks to a participant has been found for long. The search goes on. */
export interface Unreachable {
  /** Whether the server names a relay (TURN), which leads around most firewalls. */
  readonly relay: boolean;
  /** What is wrong with the way from here to the relay, as far as the browser tells. */
  readonly fault?: "refused" | "silent" | "udpBlocked" | undefined;
}

/** How well the media of a participant travel. */
export interface MediaHealth {
  readonly connection: "connecting" | "connected" | "reconnecting";
  readonly unreachable: Unreachable | null;
}

/**
 * Why media of this browser do not go through an SFU as the server says: they were to go there unencrypted where they
 * have to be encrypted, or this browser cannot encrypt them.
 */
export type WayRefusal = "unencrypted" | "unable";

/** Whether those who forward the media of a call can read them. */
export interface CallEncryption {
  /** Whether nothing of this browser may go through an SFU that could read it, and nothing does. */
  readonly isEndToEnd: boolean;
  /** Null where the way that the server has named is taken. */
  readonly refusal: WayRefusal | null;
}

export const NOT_ENCRYPTED: CallEncryption = { isEndToEnd: false, refusal: null };

/** Another person in the call, as the interface may show them. */
export interface Participant {
  /** The server's `peerID`. */
  readonly id: string;
  readonly username: string;
  /** Undefined where they have none beside the username. */
  readonly displayName?: string | undefined;
  /** `screen` is the one of `screens` that was shared last. */
  readonly tracks: Readonly<Record<"microphone" | "camera" | "screen", RemoteTrack>>;
  /** In the order in which their sharing began. */
  readonly screens: readonly RemoteScreen[];
  readonly speaking: boolean;
  /** Whether they say that they record the call. */
  readonly records?: boolean;
  /** The number of their hand: who raised it first has the lowest. Null where it is down; clients that know no hands tell nothing. */
  readonly hand?: number | null;
  readonly health: MediaHealth;
  /** The code that two participants compare to exclude a third between them. Null until media are connected. */
  readonly code: SecurityCode | null;
  /** Whether their certificate differs from the one that they began with; then the code differs too. */
  readonly codeChanged: boolean;
}

/** An acknowledged join, first or again, in terms of who is in the call. */
export interface Membership {
  readonly continuity: Continuity;
  /** The peer id of this browser; undefined where nothing depends on it. */
  readonly ownID?: string | undefined;
  /** Everyone else in the call. After a resume, participants that the server still expects back are absent. */
  readonly others: readonly PeerEntry[];
  /** Ids of those who got one of the offers that this join brought along. */
  readonly offered?: readonly string[];
  /**
   * Whether all are named in `others`, those too that the server expects back: so it is in a large call, where nobody is
   * told of who does not come back.
   */
  readonly namesAll?: boolean | undefined;
  /** The way in which media travel, where they do not go through the mesh that a call begins with. */
  readonly move?: CallTopology | undefined;
}

/** Why a topology is asked to look after its connections. */
export type HealthCheckReason =
  /** This computer has another network, as its browser says. */
  | "network-changed"
  /** The computer slept, the page was hidden, or the line to the server was lost: connections may be broken, too. */
  | "may-be-broken"
  /** Signals to or from other participants may be lost: offers that were not answered are sent again. */
  | "signals-lost";

/**
 * How the media of a call travel. It subscribes by itself to the signaling that it needs, and speaks participants
 * and tracks to the outside: a mesh has a peer connection to each participant behind them, a forwarding unit
 * (SFU) one connection for all.
 */
export interface MediaTopology {
  readonly participants: Store<readonly Participant[]>;
  /** Ids of the participants whose media do not depend on a new introduction after a resume. */
  known(): string[];
  /** Follows an acknowledged join. It runs before any message is handled that the server sent after it. */
  enter(membership: Membership): void;
  /** Sends these tracks in the place of those before. */
  publish(tracks: LocalTracks): void;
  /** Tells a participant at which size their pictures are of use here. */
  wish(participant: string, wishes: PictureWishes): void;
  /** Follows whether the person at this browser is heard to speak: a speaker is shown better. */
  speak(isAudible: boolean): void;
  /** What is given up of the pictures that are sent, since the CPU does not suffice. */
  readonly relief: Store<ReliefLevel>;
  /** Tells the others whether the person at this browser records the call. */
  record(isRecording: boolean): void;
  /** Tells others what the person at this browser does beside media. */
  gesture(gesture: Gesture): void;
  /** Hears what others do, until the returned function is called. */
  followGestures(listener: GestureListener): () => void;
  /** Measures how media travel, until the returned function is called. */
  followHealth(listener: HealthListener): () => void;
  /** Heals connections that are broken, or whose network is not there any more. */
  check(reason: HealthCheckReason): void;
  close(): void;
}

/** A topology whose connections can be made before the join. */
export interface PreparableTopology extends MediaTopology {
  /** Makes connections to these participants, as far as it is worth it, and closes those to others. Sends nothing. */
  prepare(others: readonly PeerEntry[]): void;
  /** Takes the offers for the join that is sent now. Its acknowledgement says which of them count (`Membership`). */
  takeOffers(): OfferSdp[];
}

/** A topology that is prepared for a join, and the name by which the acknowledgement has to call it. */
export interface PreparedTopology {
  readonly name: string;
  readonly topology: PreparableTopology;
}
