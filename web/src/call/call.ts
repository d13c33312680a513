import { Backoff } from "../backoff";
import { Store } from "../store";
import type { Acknowledgements, IceConfiguration, Joined } from "../wire.gen";
import type { Chat } from "./chat";
import { Files } from "./files/files";
import { Gestures } from "./gestures";
import { CallHealth } from "./health/call-health";
import type { LocalMedia } from "./media";
import { MutedSpeech } from "./muted-speech";
import type { NetworkNews } from "./network-watch";
import { OwnVoice } from "./own-voice";
import { RELIEF } from "./quality/cpu-relief";
import { Views } from "./quality/views";
import type { Recorder } from "./recording/recorder";
import type { Continuity, ResumableSignaling } from "./resumable-signaling";
import { ServerRecordings } from "./server-recordings";
import {
  type CallEncryption,
  type MediaTopology,
  NOT_ENCRYPTED,
  type Participant,
  type PreparedTopology,
} from "./topology";
import { TRANSIENT_CODES } from "./transient-codes";
import { withUnchanged } from "./unchanged-participants";

export type CallPhase =
  | { readonly kind: "joining" }
  | { readonly kind: "joined"; readonly peerID: string; readonly since: number }
  | { readonly kind: "rejoining"; readonly peerID: string; readonly since: number }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "left" };

/** What the person waits for, once it takes so long that they have to know; null for nothing. */
export type Delay = "entering" | "entering-long" | "rejoining" | null;

/** Builds the topology that the acknowledgement of `join` names. */
export interface Topologies {
  /** Fetches what connections need, so that none waits for it once the server introduces participants. */
  prepare(): Promise<void>;
  /** Takes what an acknowledgement says of the ways that media may take. */
  learn(ice: IceConfiguration | undefined): void;
  /** Null where this client does not know the topology, since the server is newer than the page. */
  create(name: string): MediaTopology | null;
}

export interface CallParts {
  room: string;
  /** The username of the room's creator; null where it is not known. */
  creator?: string | null;
  signaling: ResumableSignaling;
  topologies: Topologies;
  media: LocalMedia;
  chat: Chat;
  files?: Files;
  encryption?: Store<CallEncryption>;
  /** Takes over what was prepared before the join, when the call starts; null where nothing was. */
  takePrepared?(): PreparedTopology | null;
  watchNetwork(changed: (news: NetworkNews) => void): () => void;
  /** Runs work once, when the page is painted next. Returns how to cancel it. */
  beforeNextPaint(work: () => void): () => void;
}

/** The pauses after a join that the server could not answer now: another node takes the call over in seconds. */
const JOIN_AGAIN_MS = 400;
const JOIN_AGAIN_MOST_MS = 2_000;
/** Longer than it takes to come back to another node, where the one before has died. */
export const TOLD_AFTER_MS = 6_000;
/** The longest wait for the server's answer to the first join, before anything of the call is shown. */
export const OPENING_MS = 400;
/** The first pictures of a call need the CPU that the history of the chat would take. */
const HISTORY_AFTER_MS = 1_000;
/** The topology of a server that names none. */
const DEFAULT_TOPOLOGY = "mesh";
const UNKNOWN_TOPOLOGY = {
  kind: "refused",
  code: "unknown_topology",
  message: "",
} as const;

/**
 * One person's part in a room's call, from entering to leaving. It knows who is in and what they send; how media
 * travel is the topology's concern, which may change from one join to the next.
 */
export class Call {
  readonly phase = new Store<CallPhase>({ kind: "joining" });
  readonly delay = new Store<Delay>("entering");
  readonly participants = new Store<readonly Participant[]>([]);
  readonly health = new CallHealth();
  /** Whether the person at this browser records the call, as the others are told. */
  readonly isRecording = new Store(false);
  /** What records in this browser; it outlives the call until its file is whole. */
  readonly recorder = new Store<Recorder | null>(null);
  /** What the server records of the call. */
  readonly serverRecordings: ServerRecordings;
  readonly gestures = new Gestures({ tell: (gesture) => this.#topology?.gesture(gesture) });
  /** Counts how often the room's creator has lowered our hand. */
  readonly handLowered = new Store(0);
  /**
   * Settles when the server has answered the join, at the latest after `OPENING_MS`. To render the call takes a
   * browser longer than that answer, which would wait for it; afterwards there is time until the others answer.
   */
  readonly opened: Promise<void>;
  readonly room: string;
  readonly media: LocalMedia;
  readonly chat: Chat;
  readonly files: Files;
  readonly encryption: Store<CallEncryption>;
  /** Where the pictures of participants are shown: only what is seen is sent. */
  readonly views = new Views((participant, wishes) => this.#topology?.wish(participant, wishes));
  readonly voice: OwnVoice;
  readonly mutedSpeech: MutedSpeech;
  #open: () => void = () => {};
  #stop: (() => void)[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #backoff = new Backoff(JOIN_AGAIN_MS, JOIN_AGAIN_MOST_MS);
  #telling: ReturnType<typeof setTimeout> | undefined;
  #topology: MediaTopology | null = null;
  #topologyName: string | null = null;
  #unfollow: (() => void)[] = [];
  #broken = 0;
  /** Cancels the showing of participants that is due; null where none is. */
  #cancelShow: (() => void) | null = null;
  #suspended = false;
  /** Whether the server may hold that we record, or not yet. */
  #recordingChanged = false;
  /** Until the first join is sent: its offers are for the peers of that moment. */
  #prepared: PreparedTopology | null = null;

  constructor(private readonly parts: CallParts) {
    this.room = parts.room;
    this.media = parts.media;
    this.chat = parts.chat;
    this.files = parts.files ?? new Files();
    this.encryption = parts.encryption ?? new Store(NOT_ENCRYPTED);
    this.serverRecordings = new ServerRecordings(parts.signaling);
    this.voice = new OwnVoice(parts.media.outgoing);
    this.mutedSpeech = new MutedSpeech(parts.media.outgoing);
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  async start(): Promise<void> {
    const { signaling, topologies, media, chat } = this.parts;
    setTimeout(this.#open, OPENING_MS);
    this.#tellLater("entering-long");
    this.#prepared = this.parts.takePrepared?.() ?? null;
    if (this.#prepared) this.#use(this.#prepared.name, this.#prepared.topology);
    else await topologies.prepare();
    if (this.phase.get().kind !== "joining") return;
    signaling.start();
    this.#stop = [
      () => signaling.close(),
      media.outgoing.subscribe(() => this.#topology?.publish(media.outgoing.get())),
      this.voice.isAudible.subscribe(() => this.#topology?.speak(this.voice.isAudible.get())),
      signaling.on("chat-message", (message) => chat.receive(message)),
      signaling.on("message-edited", (edited) => chat.receiveEdit(edited)),
      signaling.on("message-deleted", (deleted) => chat.receiveDeletion(deleted)),
      signaling.on("call-recording", ({ recording }) => this.serverRecordings.hear(recording)),
      signaling.on("removed", ({ code, message }) => this.#end({ kind: "refused", code, message })),
      signaling.link.subscribe(() => this.#followLink()),
      this.parts.watchNetwork((news) => this.#check(news)),
    ];
    if (signaling.link.get() === "online") this.#join();
  }

  /** Leaves for a page that goes away and may come back; then the call is joined again. */
  suspend(): void {
    if (this.phase.get().kind !== "joined") return;
    this.#suspended = true;
    this.parts.signaling.leave();
  }

  /**
   * Tells everybody that the person at this browser records the call: nothing is recorded before the server knows,
   * which asks those who come. False where it cannot be told.
   */
  async beginRecording(): Promise<boolean> {
    if (this.phase.get().kind !== "joined") return false;
    this.#recordingChanged = true;
    const { ok } = await this.parts.signaling.record(true);
    if (!ok || this.phase.get().kind !== "joined") return false;
    this.#tellRecording(true);
    return true;
  }

  endRecording(): void {
    this.#tellRecording(false);
    if (this.phase.get().kind === "joined") void this.parts.signaling.record(false);
  }

  #tellRecording(isRecording: boolean): void {
    this.isRecording.set(isRecording);
    this.#topology?.record(isRecording);
  }

  leave(): void {
    if (this.phase.get().kind === "left") return;
    if (this.phase.get().kind !== "refused") this.parts.signaling.leave();
    this.#end({ kind: "left" });
  }

  #followLink(): void {
    if (this.parts.signaling.link.get() === "online") this.#join();
    else {
      this.parts.signaling.pause();
      this.parts.chat.pause();
      const phase = this.phase.get();
      if (phase.kind !== "joined") return;
      this.phase.set({ ...phase, kind: "rejoining" });
      this.#tellLater("rejoining");
    }
  }

  /** A short interruption is none to the person, since media flow on. */
  #tellLater(delay: Delay): void {
    this.#telling = setTimeout(() => this.delay.set(delay), TOLD_AFTER_MS);
  }

  #tellNothing(): void {
    clearTimeout(this.#telling);
    this.delay.set(null);
  }

  /** Where the media of a participant break, the connection to the server may have broken too. */
  #followParticipants(participants: readonly Participant[]): void {
    this.#showParticipants();
    this.views.follow(participants);
    const broken = participants.filter(({ health }) => health.connection === "reconnecting").length;
    if (broken > this.#broken) this.parts.signaling.check();
    this.#broken = broken;
  }

  /**
   * Shows the participants once for each paint. While connections come up they change ten times within a tenth of a
   * second, and rendering each change would hold up the messages and descriptions that are waited for.
   */
  #showParticipants(): void {
    this.#cancelShow ??= this.parts.beforeNextPaint(() => {
      this.#cancelShow = null;
      const shown = this.participants.get();
      const now = withUnchanged(this.#topology?.participants.get() ?? [], shown);
      if (now !== shown) this.participants.set(now);
      this.gestures.follow(now);
      this.health.see(now);
    });
  }

  #check(news: NetworkNews): void {
    this.parts.signaling.check();
    if (this.#suspended) this.#followLink();
    else if (this.phase.get().kind === "joined") this.#topology?.check(news);
  }

  /** Media of known participants flow on while the connection to the server is down. */
  #join(): void {
    const phase = this.phase.get();
    if (phase.kind === "left" || phase.kind === "refused") return;
    clearTimeout(this.#retry);
    const offers = this.#prepared?.topology.takeOffers();
    this.#prepared = null;
    this.parts.signaling.join(
      this.room,
      this.#topology?.known() ?? [],
      (answer, continuity) => this.#entered(answer, continuity),
      offers,
    );
  }

  /** Runs before any message is handled that the server sent after its answer: so the topology hears them all. */
  #entered(answer: Acknowledgements["join"], continuity: Continuity): void {
    const before = this.phase.get();
    if (before.kind === "left" || before.kind === "refused") return;
    if (!answer.ok) {
      this.#notEntered(answer);
      return;
    }
    this.parts.topologies.learn(answer.ice);
    const topology = this.#topologyOf(answer);
    if (!topology) {
      this.parts.signaling.leave();
      this.#end(UNKNOWN_TOPOLOGY);
      return;
    }
    this.#suspended = false;
    const since = before.kind === "joining" ? Date.now() : before.since;
    this.#backoff.reset();
    this.#tellNothing();
    this.phase.set({ kind: "joined", peerID: answer.peerID, since });
    const { peers: others, offered = [], move } = answer;
    this.serverRecordings.hear(answer.recording ?? null);
    topology.enter({ continuity, ownID: answer.peerID, others, offered, move });
    this.#open();
    if (this.#recordingChanged) void this.parts.signaling.record(this.isRecording.get());
    this.voice.start();
    this.mutedSpeech.start();
    this.chat.resume(before.kind === "joining" ? HISTORY_AFTER_MS : 0);
  }

  /** The topology that we have, or another one in its place where the server names another. */
  #topologyOf({ topology: name = DEFAULT_TOPOLOGY }: Joined): MediaTopology | null {
    if (this.#topology && this.#topologyName === name) return this.#topology;
    this.#closeTopology();
    const topology = this.parts.topologies.create(name);
    if (topology) this.#use(name, topology);
    return topology;
  }

  #use(name: string, topology: MediaTopology): void {
    this.#topology = topology;
    this.#topologyName = name;
    topology.publish(this.media.outgoing.get());
    topology.record(this.isRecording.get());
    this.views.follow(topology.participants.get());
    this.#unfollow = [
      topology.participants.subscribe(() => this.#followParticipants(topology.participants.get())),
      topology.relief.subscribe(() => {
        if (topology.relief.get() > RELIEF.none) this.media.relieveCpu();
      }),
      topology.followHealth((id, window) => this.health.take(id, window)),
      topology.followGestures({
        reacted: (id, reaction) => this.gestures.hear(id, reaction),
        askedToLower: (id) => this.#lowerHandFor(id),
      }),
    ];
    if (this.gestures.ownHand.get() !== null) this.gestures.tellHand();
  }

  /** Usernames are unique, and the server says whose is whose. */
  #lowerHandFor(id: string): void {
    const { creator = null } = this.parts;
    const asks = this.#topology?.participants.get().find((one) => one.id === id);
    if (creator === null || asks?.username !== creator || this.gestures.ownHand.get() === null)
      return;
    this.gestures.raiseHand(false);
    this.handLowered.update((times) => times + 1);
  }

  #closeTopology(): void {
    for (const unfollow of this.#unfollow) unfollow();
    this.#unfollow = [];
    this.#topology?.close();
    this.#topology = null;
    this.#broken = 0;
    this.#cancelShow?.();
    this.#cancelShow = null;
    this.participants.set([]);
    this.gestures.follow([]);
    this.views.follow([]);
    this.health.see([]);
  }

  #notEntered({ code, message }: { code: string; message: string }): void {
    // The server may have passed on what was prepared, for a participation of which we know nothing.
    if (this.phase.get().kind === "joining") this.#closeTopology();
    if (TRANSIENT_CODES.has(code)) {
      this.#retry = setTimeout(() => this.#followLink(), this.#backoff.nextMs());
    } else this.#end({ kind: "refused", code, message });
  }

  #end(phase: CallPhase): void {
    this.#open();
    clearTimeout(this.#retry);
    this.#tellNothing();
    for (const stop of this.#stop) stop();
    this.#stop = [];
    this.phase.set(phase);
    this.chat.close();
    this.files.close();
    this.voice.close();
    this.mutedSpeech.close();
    this.gestures.close();
    this.views.close();
    this.#closeTopology();
    this.media.close();
  }
}
