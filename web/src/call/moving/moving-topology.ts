import { Store } from "../../store";
import type { CallTopology, OfferSdp, PeerEntry, ReportTopology } from "../../wire.gen";
import { EarlySenderKeys } from "../e2ee/early-sender-keys";
import { EpochSecrets, type EpochSecretsParts } from "../e2ee/epoch-secrets";
import type { MemberKeys } from "../e2ee/member-keys";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import type { Gesture, GestureListener } from "../gestures";
import type { HealthListener } from "../health/window";
import { RELIEF, type ReliefLevel } from "../quality/cpu-relief";
import type { PictureWishes } from "../quality/wishes";
import type { ResumableSignaling } from "../resumable-signaling";
import { type SfuMember, SfuMembers } from "../sfu/members";
import { LINES_WHILE_MOVING, type SfuEncryption } from "../sfu/sfu-topology";
import {
  type CallEncryption,
  type HealthCheckReason,
  type LocalTracks,
  type Membership,
  NO_LOCAL_TRACKS,
  type Participant,
  type PreparableTopology,
  type RemoteTrack,
  type WayRefusal,
} from "../topology";
import { type CodesBy, mergedParticipants, onceCome } from "./merged-participants";
import { MoveReports } from "./move-reports";
import {
  afterNews,
  afterNoNews,
  isOpen,
  isSame,
  MESH,
  type MoveState,
  type Way,
  waysOf,
  withoutOpenOnes,
} from "./moves";
import type { MeasuredPath, MeshPath, SfuPath } from "./paths";

/** A way that is left is kept for those who have not heard of the move. */
export const KEPT_MS = 60_000;
/**
 * The way before is sent to a little longer than the move takes: the others may have decoded what comes by the new
 * one, and be yet to show it.
 */
export const LINGER_MS = 1_000;
/** As long a move to the mesh takes that no server leads. */
export const UNLED_MS = 10_000;
/** So long at most goes on what an SFU could read, once the call has to be encrypted: a move takes less. */
export const OPEN_MS = 15_000;
/** A way that is narrow for a moment is no reason to move. */
export const LOWEST_AFTER_MS = 5_000;

export interface MovingParts {
  readonly signaling: Pick<ResumableSignaling, "on" | "send" | "reportTopology">;
  readonly mesh: MeshPath;
  /** Absent where this browser encrypts no frames. */
  readonly keys?: MemberKeys | undefined;
  /** Told to the person. Where it is end to end from the start, it has to be, whatever the server says. */
  readonly encryption: Store<CallEncryption>;
  openSfu(way: WayToOpen): SfuPath;
}

export interface WayToOpen {
  readonly url: string;
  readonly token: string;
  /** Absent where frames are not encrypted. */
  readonly encryption?: SfuEncryption;
}

const NOTHING: RemoteTrack = { track: null, on: null, flowing: false, paused: false };

interface Sfu {
  readonly way: Way;
  readonly path: SfuPath;
  /** Absent where frames are not encrypted. */
  readonly encryption: SfuEncryption | undefined;
  readonly unfollow: (() => void)[];
  /** When it is closed; undefined while it is in use. */
  closing: ReturnType<typeof setTimeout> | undefined;
}

/**
 * The topology of a call that moves between a mesh and an SFU, as the server says: the new way is opened beside the
 * one before, and each source is shown by the new way as soon as it comes by it. The mesh stays for its data channels, unless the call is large.
 */
export class MovingTopology implements PreparableTopology {
  readonly participants = new Store<readonly Participant[]>([]);
  readonly relief = new Store<ReliefLevel>(RELIEF.none);
  readonly #mesh: MeshPath;
  readonly #members: SfuMembers;
  /** By epoch. */
  readonly #sfus = new Map<string, Sfu>();
  readonly #wishes = new Map<string, PictureWishes>();
  /** Who was seen before whom: a move changes nobody's place. */
  readonly #order = new Map<string, number>();
  readonly #healthListeners = new Set<HealthListener>();
  readonly #gestureListeners = new Set<GestureListener>();
  readonly #unsubscribe: (() => void)[];
  #moves: MoveState = MESH;
  #reports: MoveReports | null = null;
  #local: LocalTracks = NO_LOCAL_TRACKS;
  #isRecording = false;
  #hand: number | null = null;
  /** What has carried gestures so far. */
  #carried: MeasuredPath;
  #isLowest = false;
  #ownID: string | undefined;
  /** The number of secrets of this visit. */
  #secrets = 0;
  readonly #earlyKeys = new EarlySenderKeys();
  /** Whether frames have been or had to be encrypted once: then nothing goes to an SFU without that. */
  #mustEncrypt: boolean;
  /** Why the way of an epoch is not taken. */
  #refused: { readonly epoch: string; readonly why: WayRefusal } | null = null;
  /** Ends the ways that an SFU could read. */
  #closingOpen: ReturnType<typeof setTimeout> | undefined;
  #lowering: ReturnType<typeof setTimeout> | undefined;
  /** The ways that a settled move has left, and that are sent to still. */
  #lingering: readonly Way[] = [];
  #leaving: ReturnType<typeof setTimeout> | undefined;
  /** Ends a move to the mesh that no server leads. */
  #settling: ReturnType<typeof setTimeout> | undefined;
  #seen = 0;

  constructor(private readonly parts: MovingParts) {
    this.#mesh = parts.mesh;
    this.#mustEncrypt = parts.encryption.get().isEndToEnd;
    this.#carried = parts.mesh;
    this.#members = new SfuMembers(
      parts.signaling,
      () => {
        if (this.#isLarge) this.#show();
      },
      (member, memberKey) => {
        if (parts.keys?.note(member, memberKey)) this.#show();
      },
    );
    this.#unsubscribe = [
      parts.signaling.on("topology", (news) => this.#hear(news)),
      parts.signaling.on("remove-peer", ({ peerID }) => {
        this.#wishes.delete(peerID);
        this.#order.delete(peerID);
      }),
      parts.signaling.on("sender-key", ({ peerID, ...message }) =>
        this.#hearSenderKey(peerID, message),
      ),
      this.#mesh.followSenderKeys((peerID, message) => this.#hearSenderKey(peerID, message)),
      this.#mesh.isLowest.subscribe(() => this.#followLowest()),
      ...this.#follow(this.#mesh),
    ];
  }

  known(): string[] {
    return this.#mesh.known();
  }

  prepare(others: readonly PeerEntry[]): void {
    this.#mesh.prepare(others);
  }

  takeOffers(): OfferSdp[] {
    return this.#mesh.takeOffers();
  }

  /** A new visit needs tokens of its own; one that goes on keeps its connections. */
  enter(joined: Membership): void {
    const { continuity, move, ownID } = joined;
    const membership = { ...joined, namesAll: this.#isLarge || move?.channels === false };
    this.#ownID = ownID;
    this.#members.enter(membership);
    if (continuity === "new") {
      this.#forgetMoves();
      for (const known of [this.#wishes, this.#order]) {
        for (const id of known.keys()) if (!this.#members.has(id)) known.delete(id);
      }
    }
    this.#take(move);
    this.#mesh.enter(membership);
    for (const { path } of this.#sfus.values()) path.enter(membership);
    this.#reports?.repeat();
    if (this.#isLowest) this.#tellLowest(true);
  }

  publish(tracks: LocalTracks): void {
    this.#local = tracks;
    this.#mesh.publish(tracks);
    for (const { path, closing } of this.#sfus.values()) if (!closing) path.publish(tracks);
  }

  wish(participant: string, wishes: PictureWishes): void {
    this.#wishes.set(participant, wishes);
    this.#mesh.wish(participant, wishes);
    for (const { path } of this.#sfus.values()) path.wish(participant, wishes);
  }

  speak(isAudible: boolean): void {
    this.#mesh.speak(isAudible);
  }

  record(isRecording: boolean): void {
    this.#isRecording = isRecording;
    for (const path of this.#paths()) path.record(isRecording);
  }

  gesture(gesture: Gesture): void {
    if (gesture.kind === "hand") this.#hand = gesture.number;
    this.#carrier().gesture(gesture);
  }

  followGestures(listener: GestureListener): () => void {
    this.#gestureListeners.add(listener);
    return () => void this.#gestureListeners.delete(listener);
  }

  followHealth(listener: HealthListener): () => void {
    this.#healthListeners.add(listener);
    return () => void this.#healthListeners.delete(listener);
  }

  check(reason: HealthCheckReason): void {
    for (const path of this.#paths()) path.check(reason);
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearTimeout(this.#lowering);
    this.#members.close();
    this.#forgetMoves();
    this.#mesh.close();
  }

  #hear(news: CallTopology): void {
    clearTimeout(this.#settling);
    const moves = afterNews(this.#moves, news);
    if (news.kind === "mesh" && news.encrypted) this.#mustEncrypt = true;
    if (news.kind === "sfu") this.#open(moves.current, news);
    this.#changeTo(moves);
  }

  /**
   * What an acknowledgement says of the topology. A call of which it says nothing is a mesh; one that was none before
   * has lost its server, and moves there without being led.
   */
  #take(move: CallTopology | undefined): void {
    if (move) {
      this.#hear(move);
      return;
    }
    const moves = afterNoNews(this.#moves);
    if (moves === this.#moves) return;
    this.#changeTo(moves);
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#changeTo(MESH), UNLED_MS);
  }

  #changeTo(moves: MoveState): void {
    const left = this.#moves.former.filter((way) => !waysOf(moves).some((one) => isSame(one, way)));
    if (left.length > 0) {
      this.#lingering = left;
      clearTimeout(this.#leaving);
      this.#leaving = setTimeout(() => {
        this.#lingering = [];
        this.#apply();
      }, LINGER_MS);
    }
    this.#moves = moves;
    this.#boundOpenOnes();
    this.#apply();
  }

  /** A server cannot have media go on unencrypted by leaving a move unsettled. */
  #boundOpenOnes(): void {
    const isBounded = this.#mustEncrypt && this.#moves.former.some(isOpen);
    if (!isBounded) {
      clearTimeout(this.#closingOpen);
      this.#closingOpen = undefined;
      return;
    }
    this.#closingOpen ??= setTimeout(() => this.#changeTo(withoutOpenOnes(this.#moves)), OPEN_MS);
  }

  #open(way: Way, { url, token }: CallTopology): void {
    const epoch = way.epoch ?? "";
    const known = this.#sfus.get(epoch);
    if (known && known.path.state.get() !== "failed") return;
    if (url === undefined || token === undefined) return;
    const encryption = way.encrypted ? (known?.encryption ?? this.#encryptionOf(way)) : undefined;
    if (way.encrypted ? !encryption : this.#mustEncrypt) {
      if (known) this.#end(epoch, known);
      this.#refuse(epoch, way.encrypted ? "unable" : "unencrypted");
      return;
    }
    if (known) this.#close(known);
    this.#refused = null;
    this.#mustEncrypt ||= way.encrypted;
    const path = this.parts.openSfu({ url, token, ...(encryption && { encryption }) });
    const unfollow = this.#follow(path);
    this.#sfus.set(epoch, { way, path, encryption, unfollow, closing: undefined });
    this.#reports?.close();
    this.#reports = null;
    path.enter({ continuity: "new", others: this.#entries() });
    for (const [member, message] of this.#earlyKeys.take(epoch)) {
      path.hearSenderKey(member, message);
    }
    path.record(this.#isRecording);
    path.publish(this.#local);
    for (const [participant, wishes] of this.#wishes) path.wish(participant, wishes);
  }

  /** The server is told once, since it says the same again to whom it cannot reach. */
  #refuse(epoch: string, why: WayRefusal): void {
    if (this.#refused?.epoch === epoch) return;
    console.warn("This browser does not go to an SFU as the server says:", why);
    this.#refused = { epoch, why };
    this.#report({ epoch, state: "failed" });
  }

  #encryptionOf({ epoch }: Way): SfuEncryption | undefined {
    const { keys } = this.parts;
    const ownID = this.#ownID;
    if (!keys?.own || ownID === undefined) return undefined;
    const makesCodes = () => this.#isLarge;
    const parts: EpochSecretsParts = {
      epoch: epoch ?? "",
      ownID,
      keys,
      nextNumber: () => this.#secrets++,
      send: (member, message) => this.#sendSenderKey(member, message),
    };
    return {
      ...parts,
      secrets: new EpochSecrets(parts),
      get makesCodes() {
        return makesCodes();
      },
    };
  }

  #sendSenderKey(peerID: string, message: SenderKeyMessage): void {
    if (this.#mesh.sendSenderKey(peerID, message)) return;
    this.parts.signaling.send({ event: "sender-key", payload: { peerID, ...message } });
  }

  /** A member may hear of a move sooner than this browser. */
  #hearSenderKey(member: string, message: SenderKeyMessage): void {
    const path = this.#sfus.get(message.epoch)?.path;
    if (path) path.hearSenderKey(member, message);
    else if (this.#members.has(member)) this.#earlyKeys.hold(member, message);
  }

  /** Brings what is open and sent in line with the ways that media may take. */
  #apply(): void {
    const { current, former } = this.#moves;
    const ways = this.#waysInUse();
    const sent = [...ways, ...this.#lingering];
    this.#mesh.sendMedia(sent.some(({ kind }) => kind === "mesh"));
    this.#mesh.connect(!this.#isLarge);
    for (const [epoch, sfu] of this.#sfus) {
      if (!sent.some((way) => isSame(way, sfu.way))) this.#retire(epoch, sfu);
      else {
        this.#use(sfu);
        sfu.path.limitLines(former.length > 0 ? LINES_WHILE_MOVING : null);
      }
    }
    this.#reportOn(current);
    this.#tellHand();
    this.#tellEncryption(sent);
    this.#show();
  }

  #tellEncryption(sent: readonly Way[]): void {
    const { encryption } = this.parts;
    const isEndToEnd = this.#mustEncrypt && !sent.some(isOpen);
    const refusal = this.#refused?.why ?? null;
    const before = encryption.get();
    if (before.isEndToEnd === isEndToEnd && before.refusal === refusal) return;
    encryption.set({ isEndToEnd, refusal });
  }

  /** Tells a hand that is up by what carries gestures now, and no longer by what carried them before. */
  #tellHand(): void {
    const [carrier, former] = [this.#carrier(), this.#carried];
    this.#carried = carrier;
    if (this.#hand === null) return;
    if (former !== carrier) former.gesture({ kind: "hand", number: null });
    carrier.gesture({ kind: "hand", number: this.#hand });
  }

  #reportOn(way: Way): void {
    const path = this.#moves === MESH ? undefined : this.#pathOf(way);
    if (path && this.#reports?.isOf(way, path)) return;
    this.#reports?.close();
    this.#reports = null;
    if (!path) return;
    this.#reports = new MoveReports(way, path, {
      report: (report) => this.#report(report),
      arrived: () => this.#show(),
      shown: () => this.participants.get(),
      wishes: () => this.#wishes,
    });
  }

  #report(report: ReportTopology): void {
    this.parts.signaling
      .reportTopology(report)
      .catch((error: unknown) => console.warn("A report of a move", error));
  }

  #use(sfu: Sfu): void {
    if (sfu.closing === undefined) return;
    clearTimeout(sfu.closing);
    sfu.closing = undefined;
    sfu.path.publish(this.#local);
  }

  #retire(epoch: string, sfu: Sfu): void {
    if (sfu.closing !== undefined) return;
    sfu.path.publish(NO_LOCAL_TRACKS);
    sfu.closing = setTimeout(() => this.#end(epoch, sfu), KEPT_MS);
  }

  #end(epoch: string, sfu: Sfu): void {
    this.#close(sfu);
    sfu.encryption?.secrets.close();
    if (this.#sfus.get(epoch) === sfu) this.#sfus.delete(epoch);
  }

  /** Ends a connection, and not what its epoch is encrypted with. */
  #close({ path, unfollow, closing }: Sfu): void {
    clearTimeout(closing);
    for (const end of unfollow) end();
    path.close();
  }

  #forgetMoves(): void {
    clearTimeout(this.#settling);
    clearTimeout(this.#leaving);
    clearTimeout(this.#closingOpen);
    this.#closingOpen = undefined;
    this.#lingering = [];
    this.#reports?.close();
    this.#reports = null;
    for (const [epoch, sfu] of this.#sfus) this.#end(epoch, sfu);
    this.#moves = MESH;
  }

  #follow(path: MeasuredPath): (() => void)[] {
    return [
      path.participants.subscribe(() => this.#show()),
      path.relief.subscribe(() => this.#relieve()),
      path.followHealth((id, window) => {
        if (path !== this.#pathOf(this.#moves.current)) return;
        for (const listener of this.#healthListeners) listener(id, window);
      }),
      path.followGestures({
        reacted: (id, reaction) => {
          for (const listener of this.#gestureListeners) listener.reacted(id, reaction);
        },
        askedToLower: (id) => {
          for (const listener of this.#gestureListeners) listener.askedToLower(id);
        },
      }),
    ];
  }

  #paths(): MeasuredPath[] {
    return [this.#mesh, ...[...this.#sfus.values()].map(({ path }) => path)];
  }

  #pathOf({ kind, epoch }: Way): MeshPath | SfuPath | undefined {
    return kind === "mesh" ? this.#mesh : this.#sfus.get(epoch ?? "")?.path;
  }

  /** The ways that are open here; the mesh, where the server names an SFU without telling how to reach it. */
  #waysInUse(): readonly Way[] {
    const open = waysOf(this.#moves).filter((way) => this.#pathOf(way) !== undefined);
    return open.length > 0 ? open : [MESH.current];
  }

  /** What carries gestures: the data channels of the mesh, where there are any. */
  #carrier(): MeasuredPath {
    const { current } = this.#moves;
    return current.channels ? this.#mesh : (this.#pathOf(current) ?? this.#mesh);
  }

  get #isLarge(): boolean {
    return !this.#moves.current.channels;
  }

  #entries(): PeerEntry[] {
    return this.#members.all.map(({ id, username, displayName, records }) => ({
      peerID: id,
      peerUsername: username,
      ...(displayName && { peerDisplayName: displayName }),
      ...(records && { recording: true }),
    }));
  }

  #show(): void {
    const mesh = this.#mesh.participants.get();
    if (this.#moves === MESH) {
      this.#note(mesh);
      this.participants.set(this.#withAlarms(mesh));
      return;
    }
    const { current, former } = this.#moves;
    const hasCome = (track: MediaStreamTrack) => this.#reports?.hasCome(track) === true;
    const ways = this.#waysInUse().map((way) => {
      const there = this.#pathOf(way)?.participants.get() ?? [];
      const isNew = way === current && former.length > 0;
      return isNew ? there.map((one) => onceCome(one, hasCome)) : there;
    });
    if (this.#isLarge) {
      const there = new Set(ways.flat().map(({ id }) => id));
      ways.push(this.#members.all.filter(({ id }) => !there.has(id)).map(withoutMedia));
    }
    const shown = mergedParticipants(ways, mesh, this.#codesBy);
    this.#note(shown);
    const placeOf = ({ id }: Participant) => this.#order.get(id) ?? 0;
    this.participants.set(this.#withAlarms(shown.sort((a, b) => placeOf(a) - placeOf(b))));
  }

  get #codesBy(): CodesBy {
    if (this.#waysInUse().some(isOpen)) return null;
    return this.#moves.current.channels ? "connections" : "member-keys";
  }

  /** Another member key than before may mean a man in the middle, as another certificate does. */
  #withAlarms(shown: readonly Participant[]): readonly Participant[] {
    const { keys } = this.parts;
    if (!shown.some(({ id }) => keys?.hasChanged(id))) return shown;
    return shown.map((one) => (keys?.hasChanged(one.id) ? { ...one, codeChanged: true } : one));
  }

  #note(participants: readonly Participant[]): void {
    for (const { id } of participants) if (!this.#order.has(id)) this.#order.set(id, ++this.#seen);
  }

  #relieve(): void {
    const levels = this.#paths().map(({ relief }) => relief.get());
    this.relief.set(Math.max(...levels) as ReliefLevel);
  }

  #followLowest(): void {
    clearTimeout(this.#lowering);
    if (!this.#mesh.isLowest.get()) this.#tellLowest(false);
    else this.#lowering = setTimeout(() => this.#tellLowest(true), LOWEST_AFTER_MS);
  }

  #tellLowest(isLowest: boolean): void {
    if (!isLowest && !this.#isLowest) return;
    this.#isLowest = isLowest;
    const { epoch } = this.#moves.current;
    const state = isLowest ? "lowest" : "not-lowest";
    this.#report({ state, ...(epoch !== null && { epoch }) });
  }
}

/** A member of a large call, whom no way may have as yet. */
function withoutMedia({ id, username, displayName, records }: SfuMember): Participant {
  return {
    id,
    username,
    displayName,
    tracks: { microphone: NOTHING, camera: NOTHING, screen: NOTHING },
    screens: [],
    speaking: false,
    records,
    health: { connection: "connecting", unreachable: null },
    code: null,
    codeChanged: false,
  };
}
