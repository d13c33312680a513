import type { Signaling } from "../signaling";
import { Store } from "../store";
import type { Acknowledgements } from "../wire.gen";
import type { Chat } from "./chat";
import type { LocalMedia } from "./media";
import type { IceSource } from "./mesh/ice";
import { PASSING } from "./passing";
import type { MediaTopology } from "./topology";
import type { VisitRecord } from "./visit-record";

export type CallPhase =
  | { readonly kind: "joining" }
  | { readonly kind: "joined"; readonly peerID: string; readonly since: number }
  | { readonly kind: "rejoining"; readonly since: number }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "left" };

export interface CallParts {
  room: string;
  signaling: Pick<Signaling, "link" | "on" | "join" | "leave" | "check">;
  record: VisitRecord;
  topology: MediaTopology;
  media: LocalMedia;
  chat: Chat;
  ice: IceSource;
  watchNetwork(changed: () => void): () => void;
}

const JOIN_AGAIN_MS = 2_000;

/** One person's stay in one room's call, from entering to leaving. */
export class Call {
  readonly phase = new Store<CallPhase>({ kind: "joining" });
  readonly room: string;
  readonly media: LocalMedia;
  readonly chat: Chat;
  readonly peers: MediaTopology["peers"];
  #stop: (() => void)[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  #broken = 0;
  #suspended = false;

  constructor(private readonly parts: CallParts) {
    this.room = parts.room;
    this.media = parts.media;
    this.chat = parts.chat;
    this.peers = parts.topology.peers;
  }

  async start(): Promise<void> {
    const { signaling, topology, media, chat, ice } = this.parts;
    await ice.fresh();
    if (this.phase.get().kind !== "joining") return;
    topology.publish(media.outgoing.get());
    this.#stop = [
      media.outgoing.subscribe(() => topology.publish(media.outgoing.get())),
      ...this.#followPeers(),
      signaling.on("peer-renamed", (peer) => topology.rename(peer)),
      signaling.on("chat-message", (message) => chat.receive(message)),
      signaling.on("removed", ({ code, message }) => this.#end({ kind: "refused", code, message })),
      signaling.link.subscribe(() => this.#followLink()),
      this.parts.watchNetwork(() => this.#check()),
      topology.peers.subscribe(() => this.#followMedia()),
    ];
    if (signaling.link.get() === "online") this.#join();
  }

  /** Puts the call down for a page that goes away and may come back. */
  suspend(): void {
    if (this.phase.get().kind !== "joined") return;
    this.#suspended = true;
    this.parts.signaling.leave();
    this.parts.record.forget();
  }

  leave(): void {
    if (this.phase.get().kind === "left") return;
    const wasIn = this.phase.get().kind !== "refused";
    this.#end({ kind: "left" });
    if (wasIn) this.parts.signaling.leave();
  }

  #followPeers(): (() => void)[] {
    const { signaling, topology, record } = this.parts;
    const counted =
      <T>(act: (message: T) => void) =>
      (message: T) => {
        record.noteReceived();
        act(message);
      };
    return [
      signaling.on(
        "add-peer",
        counted((peer) => topology.addPeer(peer)),
      ),
      signaling.on(
        "remove-peer",
        counted((peer) => topology.removePeer(peer)),
      ),
      signaling.on(
        "session-description",
        counted((message) => topology.receiveDescription(message)),
      ),
      signaling.on(
        "ice-candidate",
        counted((message) => topology.receiveCandidate(message)),
      ),
    ];
  }

  #followLink(): void {
    if (this.parts.signaling.link.get() === "online") this.#join();
    else {
      this.parts.record.outbox.close();
      this.parts.chat.pause();
      const phase = this.phase.get();
      if (phase.kind === "joined") this.phase.set({ kind: "rejoining", since: phase.since });
    }
  }

  /** Where a connection to a person breaks, the one to the server may have broken too. */
  #followMedia(): void {
    const { topology, signaling } = this.parts;
    const broken = topology.peers.get().filter(({ link }) => link === "reconnecting").length;
    if (broken > this.#broken) signaling.check();
    this.#broken = broken;
  }

  #check(): void {
    const { signaling, topology } = this.parts;
    signaling.check();
    if (this.#suspended) this.#followLink();
    else if (this.phase.get().kind === "joined") topology.check({ messagesLost: false });
  }

  /** Media of those whom we know flows on while the line to the server is down. */
  #join(): void {
    const { signaling, record, topology } = this.parts;
    const phase = this.phase.get();
    if (phase.kind === "left" || phase.kind === "refused") return;
    clearTimeout(this.#retry);
    signaling.join(record.claim(this.room, topology.known()), (answer) => this.#entered(answer));
  }

  /** Runs before anything is heard that the server said after its answer. */
  #entered(answer: Acknowledgements["join"]): void {
    const { record, topology, chat } = this.parts;
    const before = this.phase.get();
    if (before.kind === "left" || before.kind === "refused") return;
    if (!answer.ok) {
      this.#notEntered(answer);
      return;
    }
    this.#suspended = false;
    const { resumed, complete } = record.take(answer);
    const since = before.kind === "joining" ? Date.now() : before.since;
    this.phase.set({ kind: "joined", peerID: answer.peerID, since });
    if (resumed) topology.check({ messagesLost: !complete });
    else if (before.kind !== "joining") {
      topology.keepOnly(new Set(answer.peers.map(({ peerID }) => peerID)));
    }
    for (const peer of answer.peers) topology.rename(peer);
    chat.resume();
  }

  #notEntered({ code, message }: { code: string; message: string }): void {
    if (PASSING.has(code)) {
      this.#retry = setTimeout(() => this.#followLink(), JOIN_AGAIN_MS * (0.5 + Math.random()));
    } else this.#end({ kind: "refused", code, message });
  }

  #end(phase: CallPhase): void {
    clearTimeout(this.#retry);
    for (const stop of this.#stop) stop();
    this.#stop = [];
    this.phase.set(phase);
    this.parts.record.forget();
    this.parts.chat.close();
    this.parts.topology.close();
    this.parts.media.close();
  }
}
