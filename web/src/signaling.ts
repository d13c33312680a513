import { io, type Socket } from "socket.io-client";
import { withBasePath } from "./base-path";
import type { Session } from "./session";
import { Store } from "./store";
import { TransportOrder } from "./transport-order";
import type {
  Acknowledgements,
  BanPeer,
  ClientEvents,
  Join,
  OfferIce,
  OfferSdp,
  SendChat,
  ServerEvents,
} from "./wire.gen";

export type LinkState = "offline" | "connecting" | "online";

/** A signal that the server relays to one peer. */
export type PeerSignal =
  | { readonly event: "offer-sdp"; readonly payload: OfferSdp }
  | { readonly event: "offer-ice"; readonly payload: OfferIce };

const ACK_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 500;
/** With the spread, below the time for which a server keeps a visit whose line is down. */
const LONGEST_PAUSE_MS = 3_000;
const SPREAD = 0.5;
const ATTEMPT_MS = 5_000;
const PROBE_MS = 2_000;
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
    ? (ack?: (answer: Acknowledgements[E]) => void) => void
    : E extends Acknowledged
      ? (payload: ClientEvents[E], ack: (answer: Acknowledgements[E]) => void) => void
      : (payload: ClientEvents[E]) => void;
};
type TypedSocket = Socket<Listeners, Emits>;

/** The socket of one who is logged in. It lives as long as the login does. */
export class Signaling {
  readonly link = new Store<LinkState>("offline");
  /** The server has said that it goes down for a moment. */
  readonly restarting = new Store(false);
  readonly roomsInUse = new Store<readonly string[]>([]);
  readonly #socket: TypedSocket;
  /** Whose socket it is. */
  #who: string | null = null;
  #connectedAt = 0;
  #triedAt = 0;
  #probing = false;
  #pause = FIRST_PAUSE_MS;

  constructor(
    private readonly session: Session,
    private readonly order = new TransportOrder(),
  ) {
    this.#socket = io({
      path: withBasePath("/socket.io"),
      autoConnect: false,
      transports: order.transports,
      tryAllTransports: true,
      reconnectionDelay: FIRST_PAUSE_MS,
      reconnectionDelayMax: LONGEST_PAUSE_MS,
      randomizationFactor: SPREAD,
      timeout: order.timeoutMs,
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
    this.#followTransports();
    session.state.subscribe(() => this.#obey());
    this.#obey();
  }

  on<E extends keyof ServerEvents>(event: E, listener: Listeners[E]): () => void {
    this.#socket.on(event, listener as never);
    return () => void this.#socket.off(event, listener as never);
  }

  /** `answered` runs before anything that the server says after its answer is heard. */
  join(payload: Join, answered: (answer: Acknowledgements["join"]) => void): void {
    if (!this.#socket.connected) answered(NO_ANSWER);
    else {
      this.#socket
        .timeout(ACK_TIMEOUT_MS)
        .emit("join", payload, (error, answer) => answered(error ? NO_ANSWER : answer));
    }
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

  /** Sends a signal to a peer. It is lost while the socket is not connected: `PendingSignals` keeps it. */
  send(signal: PeerSignal): void {
    if (!this.#socket.connected) return;
    if (signal.event === "offer-sdp") this.#socket.emit("offer-sdp", signal.payload);
    else this.#socket.emit("offer-ice", signal.payload);
  }

  /** Does not wait for the next attempt, nor believe that a line which says nothing still stands. */
  check(): void {
    const socket = this.#socket;
    if (this.#who === null || this.#probing) return;
    if (socket.connected) this.#probe();
    else if (Date.now() - this.#triedAt > ATTEMPT_MS) this.#connect();
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
    this.#connect();
  }

  #disconnect(): void {
    this.#socket.disconnect();
    this.link.set("offline");
    this.roomsInUse.set([]);
  }

  #connect(): void {
    this.#triedAt = Date.now();
    this.link.set("connecting");
    // Ends the pause before the library's next attempt, too.
    if (this.#socket.active) this.#socket.disconnect();
    this.#socket.connect();
  }

  /** An event that means nothing, for the sake of its acknowledgement. */
  #probe(): void {
    this.#probing = true;
    const { engine } = this.#socket.io;
    this.#socket
      .timeout(PROBE_MS)
      .emitWithAck("username")
      .catch(() => {
        if (this.#socket.io.engine === engine) engine.close();
      })
      .finally(() => {
        this.#probing = false;
      });
  }

  #follow(): void {
    const socket = this.#socket;
    socket.io.on("reconnect_attempt", () => {
      this.#triedAt = Date.now();
    });
    socket.on("connect", () => {
      this.#connectedAt = Date.now();
      this.restarting.set(false);
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
    socket.on("restarting", () => this.restarting.set(true));
    socket.on("share-rooms", ({ rooms }) => this.roomsInUse.set(rooms));
    socket.on("session-ended", ({ code, message }) => {
      void this.session.endUnlessReplaced(code, message);
    });
  }

  /** The library tries the next transport where one is refused, but not where nothing answers at all. */
  #followTransports(): void {
    const { io: manager } = this.#socket;
    const reorder = () => {
      manager.opts.transports = this.order.transports;
      manager.timeout(this.order.timeoutMs);
    };
    manager.on("error", ({ message }) => {
      if (message !== "timeout") return;
      this.order.noteTimeout();
      reorder();
    });
    manager.on("open", () => {
      manager.engine.once("upgrade", () => {
        this.order.noteWebSocketWorks();
        reorder();
      });
    });
  }

  /** The server refused or closed us; the library leaves what comes next to us. */
  #reconnectRenewed(): void {
    if (this.session.state.get().kind !== "logged-in") return;
    this.link.set("connecting");
    const steady = Date.now() - this.#connectedAt > STEADY_MS;
    this.#pause = steady ? FIRST_PAUSE_MS : Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    setTimeout(async () => {
      if (this.session.state.get().kind !== "logged-in") return;
      const token = await this.session.renew().catch(() => null);
      if (token && !this.#socket.active) this.#socket.connect();
    }, jittered(this.#pause));
  }
}

/** Those who lost a server at the same moment do not return at the same moment. */
function jittered(ms: number): number {
  return ms * (1 - SPREAD + 2 * SPREAD * Math.random());
}
