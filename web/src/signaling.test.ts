import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chunk } from "./chunk";
import type { Session, SessionState } from "./session";
import { Signaling } from "./signaling";
import { Store } from "./store";
import { TransportOrder } from "./transport-order";

type Listener = (payload?: unknown) => void;

/** A socket of the library, which the server answers when a test says so. */
class FakeSocket {
  connected = false;
  active = false;
  readonly io = { on: () => {}, engine: { once: () => {} } };
  readonly #listeners = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  connect(): void {
    this.active = true;
  }

  disconnect(): void {
    this.active = false;
    this.connected = false;
  }

  receive(event: string, payload?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(payload);
  }
}

const ANN = {
  kind: "logged-in",
  identity: { email: "ann@example.org", username: "ann", guestUntil: null },
} as const;

function client(answers: readonly ("here" | "away")[] = []) {
  const socket = new FakeSocket();
  const state = new Store<SessionState>({ kind: "restoring" });
  const session = { state, renew: async () => "token" } as unknown as Session;
  const left = [...answers];
  const fetch = vi.fn(async () => {
    if (left.shift() === "away") throw new Error("away");
    return { io: () => socket };
  });
  const signaling = new Signaling(session, new TransportOrder(), new Chunk<never>(fetch as never));
  return { socket, state, signaling, fetch };
}

describe("the library of the connection", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it("is not loaded for those who are not logged in", async () => {
    const { state, signaling, fetch } = client();
    state.set({ kind: "anonymous" });
    signaling.check();
    expect(await signaling.prepare({ room: "den" })).toMatchObject({ ok: false });
    expect(fetch).not.toHaveBeenCalled();
    expect(signaling.link.get()).toBe("offline");
  });

  it("tells those who listened before, in their order", async () => {
    const { socket, state, signaling } = client();
    const heard: string[] = [];
    signaling.on("share-rooms", () => heard.push("first"));
    const stop = signaling.on("share-rooms", () => heard.push("stopped"));
    signaling.on("share-rooms", () => heard.push("last"));
    stop();
    state.set(ANN);
    expect(signaling.link.get()).toBe("connecting");
    await vi.waitFor(() => expect(socket.active).toBe(true));
    socket.receive("share-rooms", { rooms: ["den"] });
    expect(signaling.roomsInUse.get()).toEqual(["den"]);
    expect(heard).toEqual(["first", "last"]);
  });

  it("is asked for again where it cannot be loaded", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { socket, state, signaling, fetch } = client(["away", "away", "here"]);
    state.set(ANN);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(fetch).toHaveBeenCalledTimes(3);
    expect(signaling.link.get()).toBe("connecting");
    expect(socket.active).toBe(true);
  });

  it("connects nobody who has logged out meanwhile", async () => {
    const { socket, state, signaling, fetch } = client();
    state.set(ANN);
    state.set({ kind: "anonymous" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(socket.active).toBe(false);
    expect(signaling.link.get()).toBe("offline");
  });
});
