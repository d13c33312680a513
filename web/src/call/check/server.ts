import type { Socket } from "socket.io-client";
import { within } from "./aborted";
import { median, type SignalingFacts, type TransportFacts } from "./judge";

export interface ServerAddress {
  /** A path that anyone may ask for, and that costs the server nothing. */
  readonly health: string;
  readonly socket: string;
}

const ANSWER_MS = 5_000;
/** Less, since long-polling is tried after it. */
const WEBSOCKET_MS = 2_000;
const PINGS = 9;

type Library = Pick<typeof import("socket.io-client"), "io">;

/** The connections of a check, beside the one of the client. */
export class ServerProbe {
  constructor(
    private readonly address: ServerAddress,
    /** Null for a stranger, whose connection the server keeps waiting. */
    private readonly token: () => Promise<string | null>,
    private readonly library: () => Promise<Library>,
  ) {}

  /** The round trip is that of messages, or for strangers, who may send none, that of requests. */
  async trySignaling(signal: AbortSignal): Promise<SignalingFacts> {
    const byRequests = await this.#byRequests(signal);
    const token = byRequests === null ? null : await this.token().catch(() => null);
    if (token === null) return { roundTripMs: byRequests };
    const byMessages =
      (await this.#byMessages("websocket", { token }, WEBSOCKET_MS, signal)) ??
      (await this.#byMessages("polling", { token }, ANSWER_MS, signal));
    return { roundTripMs: byMessages ?? byRequests };
  }

  async tryTransports(signal: AbortSignal): Promise<TransportFacts> {
    const [webSocket, polling] = await Promise.all([
      this.#open(["websocket"], signal),
      this.#open(["polling", "websocket"], signal),
    ]);
    return {
      webSocket: webSocket !== null,
      polling: polling !== null,
      upgraded: polling === "websocket",
    };
  }

  async #byMessages(
    transport: string,
    auth: object,
    ms: number,
    signal: AbortSignal,
  ): Promise<number | null> {
    const socket = await this.#socket([transport], auth);
    try {
      const connected = new Promise<true>((resolve) => {
        socket.on("connect", () => resolve(true));
      });
      socket.connect();
      if (!(await within(ms, signal, connected))) return null;
      return await timed(signal, () => socket.timeout(ANSWER_MS).emitWithAck("username"));
    } finally {
      socket.disconnect();
    }
  }

  #byRequests(signal: AbortSignal): Promise<number | null> {
    return timed(signal, async () => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      const answer = await fetch(this.address.health, { cache: "no-store", signal: limit });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
    });
  }

  /** The transport in the end, null where none stands. */
  async #open(transports: string[], signal: AbortSignal): Promise<string | null> {
    const socket = await this.#socket(transports, {});
    const manager = socket.io;
    try {
      const isOpen = new Promise<boolean>((resolve) => {
        manager.on("open", () => resolve(true));
        manager.on("error", () => resolve(false));
      });
      socket.connect();
      if (!(await within(ANSWER_MS, signal, isOpen))) return null;
      const { engine } = manager;
      const upgraded = new Promise<void>((resolve) => {
        engine.on("upgrade", () => resolve());
        engine.on("upgradeError", () => resolve());
        engine.on("close", () => resolve());
      });
      if (transports.length > 1) await within(ANSWER_MS, signal, upgraded);
      return engine.transport.name;
    } finally {
      socket.disconnect();
    }
  }

  async #socket(transports: string[], auth: object): Promise<Socket> {
    const { io } = await this.library();
    return io({
      path: this.address.socket,
      forceNew: true,
      autoConnect: false,
      reconnection: false,
      transports,
      timeout: ANSWER_MS,
      withCredentials: false,
      auth,
    });
  }
}

/** The median of some round trips; null where one fails. */
async function timed(signal: AbortSignal, ask: () => Promise<unknown>): Promise<number | null> {
  const times: number[] = [];
  try {
    while (times.length < PINGS && !signal.aborted) {
      const began = performance.now();
      await ask();
      times.push(performance.now() - began);
    }
  } catch (error) {
    console.warn("The check's round trip", error);
    return null;
  }
  return median(times);
}
