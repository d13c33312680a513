import type { ServerEvents } from "../../wire.gen";
import type { IceSource } from "../mesh/ice";
import type { TrackSource } from "../topology";
import type {
  ConnectToSfu,
  RemoteMedia,
  SendingOptions,
  SentMedia,
  SfuConnection,
  SfuListener,
  WantedMedia,
  WayToSfu,
} from "./sfu-connection";
import { type SfuEncryption, SfuTopology } from "./sfu-topology";

/** A track of a device, or a copy of one. */
export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  contentHint = "";
  isStopped = false;
  readonly copies: FakeTrack[] = [];

  constructor(
    readonly kind: "audio" | "video",
    readonly id: string = kind,
  ) {
    super();
  }

  clone(): FakeTrack {
    const copy = new FakeTrack(this.kind, `${this.id}'`);
    copy.enabled = this.enabled;
    this.copies.push(copy);
    return copy;
  }

  stop(): void {
    this.isStopped = true;
  }
}

export function fakeTrack(kind: "audio" | "video", id?: string) {
  const track = new FakeTrack(kind, id);
  return { track, asTrack: track as unknown as MediaStreamTrack };
}

/** What LiveKit's client does to a track that it is given: it enables what is not muted. */
export class FakeSent implements SentMedia {
  isStopped = false;

  constructor(
    readonly source: TrackSource,
    public track: FakeTrack,
    public isMuted: boolean,
    readonly options: SendingOptions,
  ) {
    track.enabled = !isMuted;
  }

  async replace(track: MediaStreamTrack): Promise<void> {
    this.track = track as unknown as FakeTrack;
    this.track.enabled = !this.isMuted;
  }

  async mute(isMuted: boolean): Promise<void> {
    this.isMuted = isMuted;
    this.track.enabled = !isMuted;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
  }

  async stats() {
    return new Map(Object.entries(this.report));
  }

  report: Record<string, object> = {};
}

export class FakeRemote implements RemoteMedia {
  track: MediaStreamTrack | null = null;
  isMuted = false;
  isPaused = false;
  wanted: WantedMedia | null | undefined = undefined;
  report: Record<string, object> = {};

  constructor(
    readonly participant: string,
    readonly source: TrackSource,
  ) {}

  want(wanted: WantedMedia | null): void {
    this.wanted = wanted;
  }

  async stats() {
    return new Map(Object.entries(this.report));
  }
}

/** An SFU of the tests, and the connection of this browser to it. */
export class FakeSfu implements SfuConnection {
  isReconnecting = false;
  present = new Set<string>();
  remote: FakeRemote[] = [];
  speakers: string[] = [];
  isClosed = false;
  readonly sent: FakeSent[] = [];
  readonly told: string[] = [];
  /** The ICE servers that it was given after it was opened. */
  readonly renewed: RTCIceServer[] = [];
  /** The numbers of secrets that frames of each sender may be encrypted with. */
  readonly secrets = new Map<string, number[]>();
  /** Rejects what is published so often. */
  refusals = 0;
  /** Holds what is published until what is in `waiting` is called. */
  isSlow = false;
  readonly waiting: (() => void)[] = [];
  listener: SfuListener = { changed() {}, heard() {}, ended() {} };
  ways: WayToSfu[] = [];

  readonly connect: ConnectToSfu = async (way, listener) => {
    this.ways.push(way);
    this.listener = listener;
    return this;
  };

  async publish(
    source: TrackSource,
    track: MediaStreamTrack,
    options: SendingOptions,
  ): Promise<SentMedia> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new Error("refused by the test");
    }
    const sent = new FakeSent(source, track as unknown as FakeTrack, options.isMuted, options);
    if (this.isSlow) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.sent.push(sent);
    return sent;
  }

  tell(text: string, to?: readonly string[]): void {
    this.told.push(to ? `${text} to ${to.join()}` : text);
  }

  setSecret(sender: string, number: number, secret: Uint8Array | null): void {
    const others = (this.secrets.get(sender) ?? []).filter((one) => one !== number);
    this.secrets.set(sender, secret ? [...others, number] : others);
  }

  async renewIce(iceServers: readonly RTCIceServer[]): Promise<void> {
    this.renewed.push(...iceServers);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  sentOf(source: TrackSource): FakeSent | undefined {
    return this.sent.find((sent) => sent.source === source && !sent.isStopped);
  }

  /** Another participant sends a source from now on. */
  sends(participant: string, source: TrackSource): FakeRemote {
    this.present.add(participant);
    const media = new FakeRemote(participant, source);
    this.remote = [...this.remote, media];
    this.listener.changed();
    return media;
  }
}

/** A topology on a fake SFU and a fake server. */
export function newSfuTopology(
  sfu = new FakeSfu(),
  connect: ConnectToSfu = sfu.connect,
  ice: Pick<IceSource, "fresh" | "followRenewals"> = {
    fresh: async () => ({ iceServers: [{ urls: "stun:ours" }], certificates: [] }),
    followRenewals: () => () => {},
  },
  encryption?: SfuEncryption,
) {
  const listeners = new Map<string, (payload: never) => void>();
  const topology = new SfuTopology({
    way: { url: "wss://parlour.example/livekit", token: "token" },
    ice,
    signaling: {
      on: (event, listener) => {
        listeners.set(event, listener as never);
        return () => listeners.delete(event);
      },
    },
    connect,
    encryption,
  });
  const hear = <E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]) =>
    listeners.get(event)?.(payload as never);
  const begin = (...peerIDs: string[]) =>
    topology.enter({
      continuity: "new",
      others: peerIDs.map((peerID) => ({ peerID, peerUsername: `${peerID}'s` })),
    });
  return { topology, sfu, hear, begin, listeners };
}
