import type { Socket } from "socket.io-client";
import { withBasePath } from "./base-path";
import { Chunk } from "./chunk";
import { roomHash } from "./room-hash";
import type { Session } from "./session";
import { Store } from "./store";
import { TransportOrder } from "./transport-order";
import type {
  Acknowledgements,
  BanPeer,
  ClientEvents,
  ConsentToRecording,
  EditMessage,
  Join,
  OfferIce,
  OfferSdp,
  Prepare,
  RecordCall,
  Refused,
  RemoveMessage,
  ReportTopology,
  SendChat,
  SendKey,
  ServerEvents,
} from "./wire.gen";

export type LinkState = "offline" | "connecting" | "online";

/** A signal that the server relays to one peer. */
export type PeerSignal =
  | { readonly event: "offer-sdp"; readonly payload: OfferSdp }
  | { readonly event: "offer-ice"; readonly payload: OfferIce }
  | { readonly event: "sender-key"; readonly payload: SendKey };

const ACK_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 500;
/** With the jitter, less than the time for which a server keeps a participation whose connection is lost. */
const LONGEST_PAUSE_MS = 3_000;
const SPREAD = 0.5;
const ATTEMPT_MS = 5_000;
const PROBE_MS = 2_000;
/**
 * Longer than any attempt and the library's pause after it. Where neither an attempt nor an answer is seen for so long,
 * the library waits for what does not come: for the server to admit the socket it waits without end.
 */
const STUCK_MS = 15_000;
/** A connection that lasted longer than this resets the back-off. */
const STEADY_MS = 5_000;
/** The most visits that are remembered as left; the server ends older ones by itself after its grace. */
const MAX_UNCONFIRMED = 8;
/** Stands in the id of a session whose server is one of several. */
const OF_SEVERAL = ".";
const NO_ANSWER = {
  ok: false,
  code: "no_answer",
  message: "",
} as const;

const TO_PEERS: ReadonlySet<string> = new Set<PeerSignal["event"]>([
  "offer-sdp",
  "offer-ice",
  "sender-key",
]);

/** The events that are sent with an acknowledgement. */
type Acknowledged =
  | "join"
  | "prepare"
  | "offer-sdp"
  | "chat-message"
  | "edit-message"
  | "delete-message"
  | "remove-message"
  | "ban-peer"
  | "record"
  | "consent-to-recording"
  | "topology-state"
  | "end-visit";

type Listeners = { [E in keyof ServerEvents]: (payload: ServerEvents[E]) => void };
type Emits = {
  [E in keyof ClientEvents]: ClientEvents[E] extends void
    ? (ack?: (answer: Acknowledgements[E]) => void) => void
    : E extends Acknowledged
      ? (payload: ClientEvents[E], ack: (answer: Acknowledgements[E]) => void) => void
      : (payload: ClientEvents[E]) => void;
};
type TypedSocket = Socket<Listeners, Emits>;
type Library = Pick<typeof import("socket.io-client"), "io">;

/** The library is a tenth of the client, which nobody needs who is not logged in. */
const LIBRARY = new Chunk<Library>(() => import("socket.io-client"));

/** The Socket.IO connection of the person who is logged in. It lives as long as the login. */
export class Signaling {
  readonly link = new Store<LinkState>("offline");
  /** Whether the server has announced that it restarts. */
  readonly restarting = new Store(false);
  readonly roomsInUse = new Store<readonly string[]>([]);
  /** Null until the library is loaded. */
  #socket: TypedSocket | null = null;
  readonly #listeners = new Set<{ event: keyof ServerEvents; listener: never }>();
  /** The email of the person whose socket it is. */
  #owner: string | null = null;
  /** The hash of the room for which connections are made; null before the first room. */
  #room: string | null = null;
  /** The tokens of visits that were left, until the server says that it knows. */
  readonly #unconfirmed = new Set<string>();
  #connectedAt = 0;
  #triedAt = 0;
  #probing = false;
  /** Runs from each attempt, and from a loss, until the server admits the socket. */
  #watch: ReturnType<typeof setTimeout> | undefined;
  #backoffMs = FIRST_PAUSE_MS;

  constructor(
    private readonly session: Session,
    private readonly order = new TransportOrder(),
    private readonly library = LIBRARY,
  ) {
    session.state.subscribe(() => this.#followSession());
    this.#followSession();
  }

  /** Loads the library for a login that is about to be taken up. */
  fetchAhead(): void {
    this.library.fetchAhead();
  }

  /**
   * Makes connections for a room from now on: servers that are several bring the people of a room together. Of those,
   * the connection that there is is replaced, so this is said before the room is entered. It stays the same while the
   * room does, also when its call is left.
   */
  async headFor(room: string): Promise<void> {
    const hash = await roomHash(room);
    if (hash === null) return;
    this.#room = hash;
    if (!this.#socket) return;
    this.#socket.io.opts.query = { room: hash };
    if (this.#socket.connected) this.#moveIfElsewhere(this.#socket);
  }

  on<E extends keyof ServerEvents>(event: E, listener: Listeners[E]): () => void {
    const heard = { event, listener: listener as never };
    this.#listeners.add(heard);
    this.#socket?.on(event, heard.listener);
    return () => {
      this.#listeners.delete(heard);
      this.#socket?.off(event, heard.listener);
    };
  }

  /** Calls `show` with refusals, except of signals to peers: those to a peer that has just left are refused, too. */
  onRefusal(show: (refusal: Refused) => void): () => void {
    return this.on("refused", (refusal) => {
      if (!TO_PEERS.has(refusal.event)) show(refusal);
    });
  }

  /** `answered` runs before the handlers of any message that the server sent after its answer. */
  join(payload: Join, answered: (answer: Acknowledgements["join"]) => void): void {
    if (!this.#socket?.connected) answered(NO_ANSWER);
    else {
      this.#socket
        .timeout(ACK_TIMEOUT_MS)
        .emit("join", payload, (error, answer) => answered(error ? NO_ANSWER : answer));
    }
  }

  prepare(payload: Prepare): Promise<Acknowledgements["prepare"]> {
    return this.#answered((socket) => socket.emitWithAck("prepare", payload));
  }

  sendChat(payload: SendChat): Promise<Acknowledgements["chat-message"]> {
    return this.#answered((socket) => socket.emitWithAck("chat-message", payload));
  }

  editMessage(payload: EditMessage): Promise<Acknowledgements["edit-message"]> {
    return this.#answered((socket) => socket.emitWithAck("edit-message", payload));
  }

  /** Deletes one's own message, or as the room's creator that of another person. */
  deleteMessage(
    payload: RemoveMessage,
    whose: "own" | "other",
  ): Promise<Acknowledgements["remove-message"]> {
    const event = whose === "own" ? "delete-message" : "remove-message";
    return this.#answered((socket) => socket.emitWithAck(event, payload));
  }

  banPeer(payload: BanPeer): Promise<Acknowledgements["ban-peer"]> {
    return this.#answered((socket) => socket.emitWithAck("ban-peer", payload));
  }

  record(payload: RecordCall): Promise<Acknowledgements["record"]> {
    return this.#answered((socket) => socket.emitWithAck("record", payload));
  }

  /** Has the server record the call that this person is in. */
  startRecording(): Promise<Acknowledgements["start-recording"]> {
    return this.#answered((socket) => socket.emitWithAck("start-recording"));
  }

  stopRecording(): Promise<Acknowledgements["stop-recording"]> {
    return this.#answered((socket) => socket.emitWithAck("stop-recording"));
  }

  consentToRecording(
    payload: ConsentToRecording,
  ): Promise<Acknowledgements["consent-to-recording"]> {
    return this.#answered((socket) => socket.emitWithAck("consent-to-recording", payload));
  }

  reportTopology(payload: ReportTopology): Promise<Acknowledgements["topology-state"]> {
    return this.#answered((socket) => socket.emitWithAck("topology-state", payload));
  }

  /**
   * Leaves the call. What the server does not acknowledge may not have arrived: then the visit of the token is ended
   * on the next connection, before anything is joined there.
   */
  leave(resume: string | null): void {
    if (resume !== null) {
      this.#unconfirmed.add(resume);
      const [oldest] = this.#unconfirmed;
      if (oldest !== undefined && this.#unconfirmed.size > MAX_UNCONFIRMED) {
        this.#unconfirmed.delete(oldest);
      }
    }
    const socket = this.#socket;
    if (!socket?.connected) return;
    socket.timeout(PROBE_MS).emit("leave", (error) => {
      if (!error && resume !== null) this.#unconfirmed.delete(resume);
      else if (error && socket.connected) this.check();
    });
  }

  /** Ends the visits that were left while the connection was lost, or was about to be. */
  #endUnconfirmed(socket: TypedSocket): void {
    for (const resume of this.#unconfirmed) {
      socket.timeout(ACK_TIMEOUT_MS).emit("end-visit", { resume }, (error) => {
        if (!error) this.#unconfirmed.delete(resume);
      });
    }
  }

  /**
   * Sends a signal to a peer. It is lost while the socket is not connected: `PendingSignals` keeps it. `refused` is
   * called for descriptions alone: candidates are too many to have each acknowledged, and their refusal names no peer.
   */
  send(signal: PeerSignal, refused?: (code: string) => void): void {
    if (!this.#socket?.connected) return;
    if (signal.event === "offer-ice") this.#socket.emit("offer-ice", signal.payload);
    else if (signal.event === "sender-key") this.#socket.emit("sender-key", signal.payload);
    else {
      this.#socket.timeout(ACK_TIMEOUT_MS).emit("offer-sdp", signal.payload, (error, answer) => {
        if (!error && !answer.ok) refused?.(answer.code);
      });
    }
  }

  /** Reconnects at once where the connection is lost, and probes it where it seems to be up. */
  check(): void {
    const socket = this.#socket;
    if (this.#owner === null || this.#probing) return;
    if (socket?.connected) this.#probe(socket);
    else if (Date.now() - this.#triedAt > ATTEMPT_MS) this.#connect();
  }

  async #answered<T>(
    ask: (socket: ReturnType<TypedSocket["timeout"]>) => Promise<T>,
  ): Promise<T | typeof NO_ANSWER> {
    if (!this.#socket?.connected) return NO_ANSWER;
    try {
      return await ask(this.#socket.timeout(ACK_TIMEOUT_MS));
    } catch {
      return NO_ANSWER;
    }
  }

  #followSession(): void {
    const state = this.session.state.get();
    if (state.kind === "restoring") return;
    const owner = state.kind === "logged-in" ? state.identity.email : null;
    if (owner !== this.#owner) {
      this.#unconfirmed.clear();
      this.#disconnect();
    }
    this.#owner = owner;
    if (owner === null || this.#socket?.active) return;
    this.#connect();
  }

  #disconnect(): void {
    clearTimeout(this.#watch);
    this.#socket?.disconnect();
    this.link.set("offline");
    this.roomsInUse.set([]);
  }

  #connect(): void {
    this.#noteAttempt();
    this.link.set("connecting");
    const socket = this.#socket;
    if (!socket) {
      this.#create();
      return;
    }
    // This ends the library's pause before its next attempt, too.
    if (socket.active) socket.disconnect();
    socket.connect();
  }

  /** Makes the socket, and connects it, once the library is loaded; a server that is away is asked again. */
  #create(): void {
    this.library.load().then(
      ({ io }) => {
        this.#socket ??= this.#socketOf(io);
        if (this.#owner !== null && !this.#socket.active) this.#socket.connect();
      },
      (error: unknown) => {
        console.warn("The connection to the server", error);
        this.#reconnectRenewed();
      },
    );
  }

  #socketOf(io: Library["io"]): TypedSocket {
    const socket: TypedSocket = io({
      path: withBasePath("/socket.io"),
      autoConnect: false,
      transports: this.order.transports,
      tryAllTransports: true,
      reconnectionDelay: FIRST_PAUSE_MS,
      reconnectionDelayMax: LONGEST_PAUSE_MS,
      randomizationFactor: SPREAD,
      timeout: this.order.timeoutMs,
      withCredentials: false,
      ...(this.#room !== null && { query: { room: this.#room } }),
      auth: (give) => {
        // Called at each connect, so that a reconnect never sends an old token.
        this.session.token().then(
          (token) => give({ token }),
          () => give({}),
        );
      },
    });
    this.#follow(socket);
    this.#followTransports(socket);
    for (const { event, listener } of this.#listeners) socket.on(event, listener);
    return socket;
  }

  /** Connects anew where the connection was made for no room, or for another one, and that makes a difference. */
  #moveIfElsewhere(socket: TypedSocket): boolean {
    const { engine } = socket.io;
    const { room } = engine.transport.query;
    if (this.#room === null || room === this.#room) return false;
    if (!engine.id?.includes(OF_SEVERAL)) return false;
    socket.disconnect();
    this.#connect();
    return true;
  }

  /** Sends an event without effect for its acknowledgement, and closes a connection that does not give it. */
  #probe(socket: TypedSocket): void {
    this.#probing = true;
    const { engine } = socket.io;
    socket
      .timeout(PROBE_MS)
      .emitWithAck("username")
      .catch(() => {
        if (socket.io.engine === engine) engine.close();
      })
      .finally(() => {
        this.#probing = false;
      });
  }

  #noteAttempt(): void {
    this.#triedAt = Date.now();
    this.#watchOver();
  }

  /** Makes an attempt to connect in `STUCK_MS`, unless another one or the connection comes before. */
  #watchOver(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      if (this.#owner !== null && !this.#socket?.connected) this.#connect();
    }, STUCK_MS);
  }

  #follow(socket: TypedSocket): void {
    socket.io.on("reconnect_attempt", () => this.#noteAttempt());
    socket.on("connect", () => {
      clearTimeout(this.#watch);
      this.#connectedAt = Date.now();
      this.restarting.set(false);
      if (this.#moveIfElsewhere(socket)) return;
      this.#endUnconfirmed(socket);
      this.link.set("online");
    });
    socket.on("disconnect", (reason) => {
      if (socket.active) this.#watchOver();
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

  /** Reorders the transports after a timeout: the library tries the next one only after a refusal. */
  #followTransports({ io: manager }: TypedSocket): void {
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

  /** Reconnects with a new token after the server refused or closed the socket, which the library does not do. */
  #reconnectRenewed(): void {
    if (this.session.state.get().kind !== "logged-in") return;
    this.link.set("connecting");
    const steady = Date.now() - this.#connectedAt > STEADY_MS;
    this.#backoffMs = steady ? FIRST_PAUSE_MS : Math.min(this.#backoffMs * 2, LONGEST_PAUSE_MS);
    setTimeout(async () => {
      if (this.session.state.get().kind !== "logged-in") return;
      const token = await this.session.renew().catch(() => null);
      if (token && !this.#socket?.active) this.#connect();
    }, jittered(this.#backoffMs));
  }
}

/** Spreads the return of clients that lost a server at the same moment. */
function jittered(ms: number): number {
  return ms * (1 - SPREAD + 2 * SPREAD * Math.random());
}
