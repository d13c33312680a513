import type { FrameCryptor } from "../e2ee/frame-secrets";
import type { StatsReport } from "../mesh/connection-sample";
import type { TrackSource } from "../topology";

/** Where an SFU is reached, and what opens it. */
export interface WayToSfu {
  /** An absolute URL (`ws:` or `wss:`). */
  readonly url: string;
  readonly token: string;
  /** The ICE servers of this server; those that the SFU names are passed over. */
  readonly iceServers: readonly RTCIceServer[];
  /** The identity of this browser at the SFU, where frames are encrypted; absent where they are not. */
  readonly encryptedAs?: string;
  /** `relay` where media go through TURN alone. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
}

/** How a source is sent. */
export interface SendingOptions {
  readonly isMuted: boolean;
  /** Of a screen: whether its lines matter more than its motion. */
  readonly isText?: boolean;
  readonly framesPerSecond?: number;
}

/** A source that this browser sends to the SFU. */
export interface SentMedia {
  readonly isMuted: boolean;
  /** Sends another track of the same kind in the place of the one before. */
  replace(track: MediaStreamTrack): Promise<void>;
  /** Tells the others whether the source is off; while it is, nothing of it is sent. */
  mute(isMuted: boolean): Promise<void>;
  stop(): Promise<void>;
  stats(): Promise<StatsReport | null>;
}

/** What this browser wants of a source; null for nothing at all. */
export interface WantedMedia {
  /** False keeps the subscription, so that the source can come back at once, and has nothing sent for it. */
  readonly isOn: boolean;
  /** The shorter side of a picture, in pixels. */
  readonly lines?: number;
}

/** A source that another participant sends to the SFU. */
export interface RemoteMedia {
  readonly participant: string;
  readonly source: TrackSource;
  /** Null while it is not subscribed. */
  readonly track: MediaStreamTrack | null;
  readonly isMuted: boolean;
  /** Whether the SFU leaves it out for now, since the way to this browser is too narrow. */
  readonly isPaused: boolean;
  want(wanted: WantedMedia | null): void;
  stats(): Promise<StatsReport | null>;
}

export interface SfuListener {
  /** Something of what the connection tells is different. */
  changed(): void;
  /** A message of another participant. */
  heard(participant: string, text: string): void;
  /** The connection has ended, not by `close`, and does not come back. */
  ended(): void;
}

/** A connection to an SFU that stands, or comes back by itself. */
export interface SfuConnection extends FrameCryptor {
  readonly isReconnecting: boolean;
  /** The participants that are connected to the SFU besides this one. */
  readonly present: ReadonlySet<string>;
  readonly remote: readonly RemoteMedia[];
  /** Who speaks, as the SFU hears, the loudest first. */
  readonly speakers: readonly string[];
  /** Rejects where the track cannot be sent. */
  publish(
    source: TrackSource,
    track: MediaStreamTrack,
    options: SendingOptions,
  ): Promise<SentMedia>;
  /** Tells something to these participants, or to all. */
  tell(text: string, to?: readonly string[]): void;
  /**
   * Takes new credentials. A connection that goes by a relay finds another way, by a relay with the new ones, while
   * that with the old ones still works.
   */
  renewIce(iceServers: readonly RTCIceServer[]): Promise<void>;
  close(): Promise<void>;
}

/** Resolves once media can be sent. Rejects where the SFU cannot be reached, or does not take the token. */
export type ConnectToSfu = (way: WayToSfu, listener: SfuListener) => Promise<SfuConnection>;
