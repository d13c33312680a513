import { io, type Socket } from "socket.io-client";
import type { Session } from "./session";
import { Store } from "./store";
import type {
  Acknowledgements,
  BanPeer,
  ClientEvents,
  OfferIce,
  OfferSdp,
  SendChat,
  ServerEvents,
} from "./wire.gen";

export type LinkState = "offline" | "connecting" | "online";

const ACK_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A connection that held so long ended for another reason than the one before. */
const STEADY_MS = 5_000;
const NO_ANSWER = {
  ok: false,
  code: "no_answer",
  message: "The server did not answer. Check your connection.",
} as const;

/** The events of which we want to know how they went. */
type Acknowledged = "join" | "chat-message" | "ban-peer";

type Listeners = { [E in keyof ServerEvents]: (payload: ServerEvents[E]) => void };
type Emits = {
  [E in keyof ClientEvents]: ClientEvents[E] extends void
    ? () => void
    : E extends Acknowledged
      ? (payload: ClientEvents[E], ack: (answer: Acknowledgements[E]) => void) => void
      : (payload: ClientEvents[E]) => void;
};
type TypedSocket = Socket<Listeners, Emits>;

/** The socket of one who is logged in. It lives as long as the login does. */
export class Signaling {
  readonly link = new Store<LinkState>("offline");
  readonly roomsInUse = new Store<readonly string[]>([]);
  readonly #socket: TypedSocket;
  /** Whose socket it is. */
  #who: string | null = null;
  #connectedAt = 0;
  #pause = FIRST_PAUSE_MS;

  constructor(private readonly session: Session) {
    this.#socket = io({
      autoConnect: false,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      withCredentials: false,
      auth: (give) => {
        // Called at each connect, so that a reconnect never shows an old token.
        session.token().then(
          (token) => give({ token }),
          () => give({}),
        );
      },
    });
    this.#follow();
    session.state.subscribe(() => this.#obey());
    this.#obey();
  }

  on<E extends keyof ServerEvents>(event: E, listener: Listeners[E]): () => void {
    this.#socket.on(event, listener as never);
    return () => void this.#socket.off(event, listener as never);
  }

  join(room: string): Promise<Acknowledgements["join"]> {
    return this.#answered((socket) => socket.emitWithAck("join", { room }));
  }

  sendChat(payload: SendChat): Promise<Acknowledgements["chat-message"]> {
    return this.#answered((socket) => socket.emitWithAck("chat-message", payload));
  }

  banPeer(payload: BanPeer): Promise<Acknowledgements["ban-peer"]> {
    return this.#answered((socket) => socket.emitWithAck("ban-peer", payload));
  }

  leave(): void {
    if (this.#socket.connected) this.#socket.emit("leave");
  }

  /** What is said while the line is down is dropped: after it peers are built anew. */
  sendDescription(payload: OfferSdp): void {
    if (this.#socket.connected) this.#socket.emit("offer-sdp", payload);
  }

  sendCandidate(payload: OfferIce): void {
    if (this.#socket.connected) this.#socket.emit("offer-ice", payload);
  }

  async #answered<T>(
    ask: (socket: ReturnType<TypedSocket["timeout"]>) => Promise<T>,
  ): Promise<T | typeof NO_ANSWER> {
    if (!this.#socket.connected) return NO_ANSWER;
    try {
      return await ask(this.#socket.timeout(ACK_TIMEOUT_MS));
    } catch {
      return NO_ANSWER;
    }
  }

  #obey(): void {
    const state = this.session.state.get();
    if (state.kind === "restoring") return;
    const who = state.kind === "logged-in" ? state.identity.email : null;
    if (who !== this.#who) this.#disconnect();
    this.#who = who;
    if (who === null || this.#socket.active) return;
    this.link.set("connecting");
    this.#socket.connect();
  }

  #disconnect(): void {
    this.#socket.disconnect();
    this.link.set("offline");
    this.roomsInUse.set([]);
  }

  #follow(): void {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#connectedAt = Date.now();
      this.link.set("online");
    });
    socket.on("disconnect", (reason) => {
      this.link.set(socket.active ? "connecting" : "offline");
      if (reason === "io server disconnect") this.#reconnectRenewed();
    });
    socket.on("connect_error", () => {
      if (socket.active) this.link.set("connecting");
      else this.#reconnectRenewed();
    });
    socket.on("share-rooms", ({ rooms }) => this.roomsInUse.set(rooms));
    socket.on("session-ended", ({ code, message }) => this.session.end(code, message));
  }

  /** The server refused or closed us; the library leaves what comes next to us. */
  #reconnectRenewed(): void {
    if (this.session.state.get().kind !== "logged-in") return;
    this.link.set("connecting");
    const steady = Date.now() - this.#connectedAt > STEADY_MS;
    this.#pause = steady ? FIRST_PAUSE_MS : Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    setTimeout(async () => {
      const token = await this.session.renew().catch(() => null);
      if (token && !this.#socket.active) this.#socket.connect();
    }, this.#pause);
  }
}
