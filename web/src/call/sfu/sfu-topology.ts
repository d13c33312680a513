import { Chunk } from "../../chunk";
import { Store } from "../../store";
import type { EpochSecrets, EpochSecretsParts } from "../e2ee/epoch-secrets";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import type { Gesture, GestureListener } from "../gestures";
import type { HealthListener } from "../health/window";
import { mediaSoFar } from "../mesh/connection-sample";
import type { IceSource } from "../mesh/ice";
import { StatsSampler } from "../mesh/stats-sampler";
import { WindowMeters } from "../mesh/window-meter";
import { CpuRelief, RELIEF, type ReliefLevel } from "../quality/cpu-relief";
import type { PictureWishes } from "../quality/wishes";
import type { ResumableSignaling } from "../resumable-signaling";
import type { SecurityCode } from "../security-code";
import {
  type HealthCheckReason,
  type LocalTracks,
  type MediaHealth,
  type MediaTopology,
  type Membership,
  NO_LOCAL_TRACKS,
  type Participant,
  type RemoteScreen,
  type RemoteTrack,
  SCREENS,
  SOUND_OF,
  type TrackSource,
} from "../topology";
import { within } from "../within";
import { type SfuMember, SfuMembers } from "./members";
import { SentSources } from "./sent-sources";
import type { ConnectToSfu, RemoteMedia, SfuConnection, WayToSfu } from "./sfu-connection";
import { SfuNews } from "./sfu-news";
import { SfuStats } from "./sfu-stats";
import { Subscriptions } from "./subscriptions";

/** LiveKit's client, which is a quarter of ours, comes when a call goes through an SFU. */
const LIVEKIT = new Chunk<{ connectToLiveKit: ConnectToSfu }>(() => import("./livekit-connection"));

const OPEN_WITHIN_MS = 30_000;
/** A code takes a tenth of a second of CPU, and there may be hundreds. */
const CODE_EVERY_MS = 1_000;
/** The most lines of a picture while it comes by two ways: to encode and to decode it twice takes the CPU twice. */
export const LINES_WHILE_MOVING = 360;

/** What the secrets of an encrypted epoch depend on, and these, which are the next connection's of the epoch, too. */
export interface SfuEncryption extends EpochSecretsParts {
  readonly secrets: EpochSecrets;
  /** Whether members have no connections to each other now, so that their keys alone make the codes. */
  readonly makesCodes: boolean;
}

export interface SfuParts {
  readonly signaling: Pick<ResumableSignaling, "on">;
  readonly ice: Pick<IceSource, "fresh" | "followRenewals">;
  readonly way: Pick<WayToSfu, "url" | "token">;
  /** Absent where frames are not encrypted. */
  readonly encryption?: SfuEncryption | undefined;
  /** Connects by something else than LiveKit's client. */
  readonly connect?: ConnectToSfu;
}

/** A connection that has failed does not come back: another topology takes its place, with another token. */
export type SfuState = "connecting" | "connected" | "reconnecting" | "failed";

/** The topology in which each participant has one connection, to an SFU that passes media on. */
export class SfuTopology implements MediaTopology {
  readonly participants = new Store<readonly Participant[]>([]);
  readonly relief = new Store<ReliefLevel>(RELIEF.none);
  readonly state = new Store<SfuState>("connecting");
  /** Whether all that this browser has to send goes to the SFU. */
  readonly isPublished = new Store(false);
  readonly #members: SfuMembers;
  readonly #subscriptions = new Subscriptions();
  readonly #news = new SfuNews(
    () => this.#connection,
    () => this.#update(),
  );
  readonly #stats: SfuStats;
  readonly #sampler = new StatsSampler();
  readonly #relief = new CpuRelief();
  /** What the SFU has of each member. */
  #media: ReadonlyMap<string, readonly RemoteMedia[]> = new Map();
  /** The members that are on the SFU now. */
  #present: ReadonlySet<string> = new Set();
  readonly #followed = new WeakSet<MediaStreamTrack>();
  /** Members that have been on the SFU; who is no longer is about to come back, or to leave. */
  readonly #met = new Set<string>();
  readonly #sampled = new Set<string>();
  /** The codes that were made of member keys alone. */
  readonly #codes = new Map<string, SecurityCode | null>();
  #makingCodes: ReturnType<typeof setTimeout> | undefined;
  readonly #secrets: EpochSecrets | undefined;
  readonly #unfollowRenewals: () => void;
  /** ICE servers that the connection is yet to be given: they came while it was opened. */
  #renewed: readonly RTCIceServer[] | null = null;
  #connection: SfuConnection | null = null;
  #sent: SentSources | null = null;
  #local = NO_LOCAL_TRACKS;
  #isDue = false;
  #isClosed = false;

  constructor(private readonly parts: SfuParts) {
    this.#members = new SfuMembers(parts.signaling, () => this.#update());
    this.#secrets = parts.encryption?.secrets;
    const { state } = this;
    const sent = () => this.#sent?.media ?? [];
    this.#stats = new SfuStats({
      get isConnected() {
        return state.get() === "connected";
      },
      get sent() {
        return sent();
      },
      remoteOf: (participant) => this.#media.get(participant) ?? [],
    });
    this.#sampler.subscribe((_, { outbound }) => this.#relieve(outbound), { whenHidden: true });
    this.#unfollowRenewals = parts.ice.followRenewals(({ iceServers = [] }) => {
      this.#renewed = iceServers;
      this.#renewIce();
    });
    void this.#open();
  }

  known(): string[] {
    return this.#members.all.map(({ id }) => id);
  }

  enter(membership: Membership): void {
    this.#members.enter(membership);
    // Secrets of members may come in this turn.
    this.#secrets?.senderKeys.follow(new Set(this.known()));
    this.#update();
  }

  publish(tracks: LocalTracks): void {
    this.#local = tracks;
    this.#sent?.publish(tracks);
    this.#update();
  }

  wish(participant: string, wishes: PictureWishes): void {
    this.#subscriptions.wish(participant, wishes);
    this.#update();
  }

  /** Bounds what is wished for; null for no bound. */
  limitLines(most: number | null): void {
    this.#subscriptions.mostLines = most ?? Number.POSITIVE_INFINITY;
    this.#update();
  }

  /** Takes what a member sends of its secrets, or of ours. */
  hearSenderKey(member: string, message: SenderKeyMessage): void {
    void this.#secrets?.senderKeys.hear(member, message);
  }

  /** How many pictures, or packets of sound, of a track of a participant have come so far. */
  async received(participant: string, track: MediaStreamTrack): Promise<number> {
    const media = this.#media.get(participant)?.find((one) => one.track === track);
    const report = await media?.stats().catch(() => null);
    return report ? mediaSoFar(report) : 0;
  }

  /** The SFU hears by itself who speaks, and everybody gets the same of a camera. */
  speak(_isAudible: boolean): void {}

  /** The server tells everybody who records. */
  record(_isRecording: boolean): void {}

  gesture(gesture: Gesture): void {
    this.#news.gesture(gesture);
  }

  followGestures(listener: GestureListener): () => void {
    return this.#news.follow(listener);
  }

  followHealth(listener: HealthListener): () => void {
    const meters = new WindowMeters();
    return this.#sampler.subscribe(
      (participant, sample) => {
        const window = meters.take(participant, sample);
        if (window) listener(participant, window);
      },
      { whenHidden: true },
    );
  }

  /** LiveKit's client looks after its connection by itself. */
  check(_reason: HealthCheckReason): void {}

  close(): void {
    this.#isClosed = true;
    this.#unfollowRenewals();
    this.#members.close();
    clearTimeout(this.#makingCodes);
    this.#sampler.close();
    this.#disconnect();
  }

  async #open(): Promise<void> {
    const opening = this.#connect();
    try {
      const connection = await within(OPEN_WITHIN_MS, opening);
      if (this.#isClosed) return;
      this.#connection = connection;
      this.#renewIce();
      this.#secrets?.frames.bind(connection);
      this.#sent = new SentSources(connection, () => this.#update());
      this.#sent.publish(this.#local);
      this.#update();
    } catch (error) {
      if (this.#isClosed) return;
      console.warn("The SFU", error);
      this.#fail();
    }
  }

  #renewIce(): void {
    const [connection, iceServers] = [this.#connection, this.#renewed];
    if (!connection || !iceServers) return;
    this.#renewed = null;
    connection
      .renewIce(iceServers)
      .catch((error: unknown) => console.warn("New ICE servers for the SFU", error));
  }

  /** A connection that comes when nobody waits for it any more is closed. */
  async #connect(): Promise<SfuConnection> {
    const { ice, way, encryption } = this.parts;
    const [connect, configuration] = await Promise.all([this.#library(), ice.fresh()]);
    const { iceServers = [], iceTransportPolicy } = configuration;
    const connection = await connect(
      {
        ...way,
        iceServers,
        ...(iceTransportPolicy && { iceTransportPolicy }),
        ...(encryption && { encryptedAs: encryption.ownID }),
      },
      {
        changed: () => this.#update(),
        heard: (participant, text) => {
          if (this.#members.has(participant)) this.#news.hear(participant, text);
        },
        ended: () => this.#fail(),
      },
    );
    if (this.#isClosed || this.state.get() === "failed") end(connection);
    return connection;
  }

  async #library(): Promise<ConnectToSfu> {
    return this.parts.connect ?? (await LIVEKIT.load()).connectToLiveKit;
  }

  #fail(): void {
    if (this.#isClosed) return;
    this.#disconnect();
    this.state.set("failed");
    this.#update();
  }

  #disconnect(): void {
    this.#sent?.close();
    this.#sent = null;
    if (!this.#connection) return;
    this.#secrets?.frames.unbind(this.#connection);
    end(this.#connection);
    this.#connection = null;
  }

  /** Looks once at all that changes in one go. */
  #update(): void {
    if (this.#isDue || this.#isClosed) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.#isClosed) this.#look();
    });
  }

  #look(): void {
    const members = this.#members.all;
    const ids = new Set(members.map(({ id }) => id));
    const connection = this.#connection;
    const remote = connection?.remote.filter(({ participant }) => ids.has(participant)) ?? [];
    this.#media = byParticipant(remote);
    this.#secrets?.senderKeys.follow(ids);
    this.#readCodes(ids);
    this.#meet(ids);
    if (connection) {
      this.#sent?.review();
      this.#subscribe(connection, remote);
      this.state.set(connection.isReconnecting ? "reconnecting" : "connected");
    }
    this.isPublished.set(this.state.get() === "connected" && this.#sent?.isComplete === true);
    const speakers = new Set(connection?.speakers);
    this.participants.set(members.map((member) => this.#view(member, speakers)));
    if (this.#sent?.hasFailed) this.#fail();
  }

  #meet(ids: ReadonlySet<string>): void {
    const connected = this.#connection?.present ?? new Set<string>();
    this.#present = new Set([...connected].filter((id) => ids.has(id)));
    for (const id of this.#present) this.#met.add(id);
    for (const id of this.#met) if (!ids.has(id)) this.#met.delete(id);
    this.#news.meet(this.#present);
    this.#subscriptions.keepOnly(ids);
    for (const id of ids) {
      if (this.#sampled.has(id)) continue;
      this.#sampled.add(id);
      this.#sampler.follow(id, this.#stats.of(id));
    }
    for (const id of this.#sampled) {
      if (ids.has(id)) continue;
      this.#sampled.delete(id);
      this.#sampler.forget(id);
    }
  }

  #readCodes(ids: ReadonlySet<string>): void {
    for (const id of this.#codes.keys()) if (!ids.has(id)) this.#codes.delete(id);
    if (!this.parts.encryption?.makesCodes || this.#makingCodes !== undefined) return;
    const next = [...ids].find((id) => !this.#codes.has(id));
    if (next === undefined) return;
    this.#makingCodes = setTimeout(() => void this.#makeCode(next), CODE_EVERY_MS);
  }

  async #makeCode(id: string): Promise<void> {
    const code = await this.parts.encryption?.keys.code(id).catch(() => null);
    this.#makingCodes = undefined;
    this.#codes.set(id, code ?? null);
    this.#update();
  }

  #subscribe({ speakers }: SfuConnection, remote: readonly RemoteMedia[]): void {
    const decided = this.#subscriptions.decide(remote, speakers, performance.now());
    for (const [media, wanted] of decided) media.want(wanted);
    for (const { track } of remote) {
      if (!track || this.#followed.has(track)) continue;
      this.#followed.add(track);
      track.addEventListener("mute", () => this.#update());
      track.addEventListener("unmute", () => this.#update());
    }
  }

  #view({ id, username, displayName, records }: SfuMember, speakers: ReadonlySet<string>) {
    const isPresent = this.#present.has(id);
    const media = this.#media.get(id) ?? [];
    const of = (source: TrackSource) => media.find((one) => one.source === source);
    const remote = (source: TrackSource) => remoteTrack(of(source), isPresent);
    const screens = media.flatMap(({ source }): RemoteScreen[] => {
      const screen = SCREENS.find((name) => name === source);
      if (!screen) return [];
      return [{ ...remote(screen), source: screen, sound: of(SOUND_OF[screen])?.track ?? null }];
    });
    const newest = screens.at(-1);
    const microphone = remote("microphone");
    const hand = this.#news.handOf(id);
    const participant: Participant = {
      id,
      username,
      displayName,
      tracks: {
        microphone,
        camera: remote("camera"),
        screen: newest ? remote(newest.source) : remoteTrack(undefined, isPresent),
      },
      screens,
      speaking: speakers.has(id) && microphone.on === true,
      records,
      ...(hand !== undefined && { hand }),
      health: this.#health(id, isPresent),
      code: this.#codes.get(id) ?? null,
      codeChanged: false,
    };
    return participant;
  }

  #health(id: string, isPresent: boolean): MediaHealth {
    if (isPresent && this.state.get() === "connected") {
      return { connection: "connected", unreachable: null };
    }
    return { connection: this.#met.has(id) ? "reconnecting" : "connecting", unreachable: null };
  }

  #relieve(
    outbound: readonly { readonly kind: string; readonly limitedBy: string | null }[],
  ): void {
    const isLimited = outbound.some(
      ({ kind, limitedBy }) => kind === "video" && limitedBy === "cpu",
    );
    this.#relief.note(isLimited, performance.now());
    this.relief.set(this.#relief.level);
  }
}

function end(connection: SfuConnection): void {
  connection.close().catch((error: unknown) => console.warn("Leaving the SFU", error));
}

function byParticipant(remote: readonly RemoteMedia[]): Map<string, RemoteMedia[]> {
  const media = new Map<string, RemoteMedia[]>();
  for (const one of remote)
    media.set(one.participant, [...(media.get(one.participant) ?? []), one]);
  return media;
}

/** A member that is on the SFU without a source has turned it off; of who is not there, nothing is known. */
function remoteTrack(media: RemoteMedia | undefined, isPresent: boolean): RemoteTrack {
  const track = media?.track ?? null;
  const on = media ? !media.isMuted : isPresent ? false : null;
  return {
    track,
    on,
    flowing: track?.muted === false && on === true,
    paused: media?.isPaused ?? false,
  };
}
