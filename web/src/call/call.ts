import type { Signaling } from "../signaling";
import { Store } from "../store";
import type { Chat } from "./chat";
import type { IceSource } from "./ice";
import type { LocalMedia } from "./media";
import type { MediaTopology } from "./topology";

export type CallPhase =
  | { readonly kind: "joining" }
  | { readonly kind: "joined"; readonly peerID: string; readonly since: number }
  | { readonly kind: "rejoining"; readonly since: number }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "left" };

export interface CallParts {
  room: string;
  signaling: Pick<Signaling, "link" | "on" | "join" | "leave">;
  topology: MediaTopology;
  media: LocalMedia;
  chat: Chat;
  ice: IceSource;
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
      signaling.on("add-peer", (peer) => topology.addPeer(peer)),
      signaling.on("remove-peer", (peer) => topology.removePeer(peer)),
      signaling.on("session-description", (message) => topology.receiveDescription(message)),
      signaling.on("ice-candidate", (message) => topology.receiveCandidate(message)),
      signaling.on("chat-message", (message) => chat.receive(message)),
      signaling.on("removed", ({ code, message }) => this.#end({ kind: "refused", code, message })),
      signaling.link.subscribe(() => this.#followLink()),
    ];
    if (signaling.link.get() === "online") await this.#join();
  }

  leave(): void {
    if (this.phase.get().kind === "left") return;
    const wasIn = this.phase.get().kind !== "refused";
    this.#end({ kind: "left" });
    if (wasIn) this.parts.signaling.leave();
  }

  #followLink(): void {
    const phase = this.phase.get();
    const online = this.parts.signaling.link.get() === "online";
    if (online) void this.#join();
    else if (phase.kind === "joined") this.phase.set({ kind: "rejoining", since: phase.since });
  }

  /**
   * Media of those whom we know flows on while the line to the server is down. A new socket is a
   * new peer to the server, which introduces everyone anew; who is not named any more has gone.
   */
  async #join(): Promise<void> {
    const before = this.phase.get();
    if (before.kind === "left" || before.kind === "refused") return;
    const answer = await this.parts.signaling.join(this.room);
    const now = this.phase.get();
    if (now.kind === "left" || now.kind === "refused") return;
    if (answer.ok) {
      this.parts.topology.keepOnly(new Set(answer.peers.map(({ peerID }) => peerID)));
      const since = now.kind === "joining" ? Date.now() : now.since;
      this.phase.set({ kind: "joined", peerID: answer.peerID, since });
      void this.parts.chat.loadNewest();
    } else if (answer.code === "no_answer") {
      this.#retry = setTimeout(() => this.#followLink(), JOIN_AGAIN_MS);
    } else {
      this.#end({ kind: "refused", code: answer.code, message: answer.message });
    }
  }

  #end(phase: CallPhase): void {
    clearTimeout(this.#retry);
    for (const stop of this.#stop) stop();
    this.#stop = [];
    this.phase.set(phase);
    this.parts.topology.close();
    this.parts.media.close();
  }
}
