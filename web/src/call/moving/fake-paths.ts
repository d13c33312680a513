import { Store } from "../../store";
import type { CallTopology, PeerEntry, ReportTopology, ServerEvents } from "../../wire.gen";
import type { MemberKeys } from "../e2ee/member-keys";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import type { Gesture, GestureListener } from "../gestures";
import type { HealthListener } from "../health/window";
import type { SenderKeyListener } from "../mesh/mesh";
import { RELIEF, type ReliefLevel } from "../quality/cpu-relief";
import type { PictureWishes } from "../quality/wishes";
import type { SfuEncryption, SfuState } from "../sfu/sfu-topology";
import {
  type CallEncryption,
  type LocalTracks,
  type Membership,
  NO_LOCAL_TRACKS,
  type Participant,
  type RemoteTrack,
} from "../topology";
import { MovingTopology } from "./moving-topology";
import type { MeshPath, SfuPath } from "./paths";

/** A path whose orders are noted, and whose participants the test sets. */
class FakePath {
  readonly participants = new Store<readonly Participant[]>([]);
  readonly relief = new Store<ReliefLevel>(RELIEF.none);
  readonly entered: string[] = [];
  readonly gestures: Gesture[] = [];
  readonly wishes = new Map<string, PictureWishes>();
  readonly come = new Map<MediaStreamTrack, number>();
  healthListener: HealthListener = () => {};
  gestureListener: GestureListener = { reacted() {}, askedToLower() {} };
  local: LocalTracks = NO_LOCAL_TRACKS;
  isClosed = false;

  known = () => this.participants.get().map(({ id }) => id);
  enter = ({ others }: Membership) => void this.entered.push(others.map((o) => o.peerID).join());
  publish = (tracks: LocalTracks) => {
    this.local = tracks;
  };
  wish = (participant: string, wishes: PictureWishes) => void this.wishes.set(participant, wishes);
  speak = () => {};
  record = () => {};
  gesture = (gesture: Gesture) => void this.gestures.push(gesture);
  followGestures = (listener: GestureListener) => {
    this.gestureListener = listener;
    return () => {};
  };
  followHealth = (listener: HealthListener) => {
    this.healthListener = listener;
    return () => {};
  };
  check = () => {};
  close = () => {
    this.isClosed = true;
  };
  received = async (_id: string, track: MediaStreamTrack) => this.come.get(track) ?? 0;
}

export class FakeMesh extends FakePath implements MeshPath {
  readonly isLowest = new Store(false);
  isSending = true;
  sendMedia = (isSending: boolean) => {
    this.isSending = isSending;
  };
  isConnecting = true;
  connect = (isConnecting: boolean) => {
    this.isConnecting = isConnecting;
  };
  /** The peers that have an open channel. */
  readonly channels = new Set<string>();
  readonly senderKeys: string[] = [];
  senderKeyListener: SenderKeyListener = () => {};
  sendSenderKey = (peerID: string, { number }: SenderKeyMessage) => {
    if (!this.channels.has(peerID)) return false;
    this.senderKeys.push(`${number} to ${peerID}`);
    return true;
  };
  followSenderKeys = (listener: SenderKeyListener) => {
    this.senderKeyListener = listener;
    return () => {};
  };
  prepare = (_others: readonly PeerEntry[]) => {};
  takeOffers = () => [];
}

export class FakeSfuPath extends FakePath implements SfuPath {
  readonly state = new Store<SfuState>("connecting");
  readonly isPublished = new Store(false);
  mostLines: number | null = null;
  readonly heardKeys: string[] = [];
  hearSenderKey = (member: string, { number }: SenderKeyMessage) =>
    void this.heardKeys.push(`${number} of ${member}`);
  limitLines = (most: number | null) => {
    this.mostLines = most;
  };

  constructor(
    readonly token: string,
    readonly encryption: SfuEncryption | undefined,
  ) {
    super();
  }

  /** It stands, and all of ours is sent. */
  opens(): void {
    this.state.set("connected");
    this.isPublished.set(true);
  }
}

export const nothing: RemoteTrack = { track: null, on: false, flowing: false, paused: false };

/** A participant with a microphone and a camera, or with these tracks of them. */
export function shown(id: string, given: Partial<Participant> = {}): Participant {
  return {
    id,
    username: id,
    displayName: undefined,
    tracks: { microphone: nothing, camera: nothing, screen: nothing },
    screens: [],
    speaking: false,
    health: { connection: "connected", unreachable: null },
    code: null,
    codeChanged: false,
    ...given,
  };
}

let tracks = 0;

/** A source that comes; `on` as its sender tells. */
export function flowing(on: boolean | null = true): RemoteTrack & { track: MediaStreamTrack } {
  const track = { id: `track ${++tracks}` } as MediaStreamTrack;
  return { track, on, flowing: true, paused: false };
}

export function withMedia(id: string): Participant {
  return shown(id, {
    tracks: { microphone: flowing(), camera: flowing(), screen: nothing },
  });
}

export function newMoving(keys?: MemberKeys, mustEncrypt = false) {
  const encryption = new Store<CallEncryption>({ isEndToEnd: mustEncrypt, refusal: null });
  const listeners = new Map<string, Set<(payload: never) => void>>();
  const mesh = new FakeMesh();
  const sfus: FakeSfuPath[] = [];
  const reports: string[] = [];
  const signaled: string[] = [];
  const topology = new MovingTopology({
    mesh,
    keys,
    encryption,
    signaling: {
      send: ({ event, payload }) => void signaled.push(`${event} to ${payload.peerID}`),
      on: (event, listener) => {
        const known = listeners.get(event) ?? new Set();
        listeners.set(event, known.add(listener as never));
        return () => known.delete(listener as never);
      },
      reportTopology: async ({ epoch, state }: ReportTopology) =>
        void reports.push(epoch ? `${epoch} ${state}` : state),
    },
    openSfu: ({ token, encryption }) => {
      const sfu = new FakeSfuPath(token, encryption);
      sfus.push(sfu);
      return sfu;
    },
  });
  const hear = <E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]) => {
    for (const listener of listeners.get(event) ?? []) listener(payload as never);
  };
  const moveTo = (epoch: string, given: Partial<CallTopology> = {}) =>
    hear("topology", move(epoch, given));
  const enter = (given: Partial<Membership> = {}, ...peerIDs: string[]) =>
    topology.enter({
      continuity: "new",
      others: peerIDs.map((peerID) => ({ peerID, peerUsername: peerID })),
      ...given,
    });
  /** The latest SFU that was opened. */
  const sfu = () => sfus.at(-1) as FakeSfuPath;
  return {
    topology,
    encryption,
    mesh,
    sfus,
    sfu,
    reports,
    signaled,
    hear,
    moveTo,
    enter,
    listeners,
  };
}

export function move(epoch: string, given: Partial<CallTopology> = {}): CallTopology {
  const way = { url: "/livekit", token: `token of ${epoch}`, ttl: 60 };
  return { epoch, kind: "sfu", channels: true, settled: false, ...way, ...given };
}
