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
  /** Runs what listens to the attempts that the library makes by itself. */
  tries: () => void = () => {};
  readonly io = {
    on: (event: string, listener: () => void) => {
      if (event === "reconnect_attempt") this.tries = listener;
    },
    opts: { query: undefined as { room: string } | undefined },
    engine: {
      once: () => {},
      id: "Zm9v",
      transport: { query: {} as { room?: string } },
    },
  };
  /** The rooms for which connections were made, the latest last. */
  readonly made: (string | null)[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  connect(): void {
    this.active = true;
    this.io.engine.transport.query = { ...this.io.opts.query };
    this.made.push(this.io.opts.query?.room ?? null);
  }

  disconnect(): void {
    this.active = false;
    if (!this.connected) return;
    this.connected = false;
    this.receive("disconnect", "io client disconnect");
  }

  /** What was emitted with an acknowledgement, the latest last. */
  readonly emitted: {
    event: string;
    payload: unknown;
    answer(error: Error | null, said?: unknown): void;
  }[] = [];

  timeout(): this {
    return this;
  }

  emit(event: string, ...rest: unknown[]): void {
    const answer = typeof rest.at(-1) === "function" ? rest.pop() : () => {};
    this.emitted.push({ event, payload: rest[0], answer: answer as (error: Error | null) => void });
  }

  emitWithAck(event: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.emit(event, (error: Error | null) => (error ? reject(error) : resolve())),
    );
  }

  /** Connects, or breaks, with the errors for what is not answered that the library gives. */
  comesUp(): void {
    this.connected = this.active = true;
    this.receive("connect");
  }

  breaks(): void {
    this.connected = false;
    for (const { answer } of this.emitted.splice(0)) answer(new Error("disconnected"));
    this.receive("disconnect", "transport close");
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
    const io = (options: { query?: { room: string } }) => {
      socket.io.opts.query = options.query;
      return socket;
    };
    return { io };
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

describe("a connection that neither comes nor fails", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each(["in its first attempt", "after a loss"])("is made anew %s", async (when) => {
    const { socket } = when === "after a loss" ? await online() : await begun();
    if (when === "after a loss") {
      socket.connected = false;
      socket.receive("disconnect", "transport close");
    }
    const before = socket.made.length;
    await vi.advanceTimersByTimeAsync(14_000);
    expect(socket.made.length).toBe(before);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(socket.made.length).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(socket.made.length).toBe(before + 2);
  });

  it("is left alone while the library tries, once it is there, and after a logout", async () => {
    const { socket, state } = await begun();
    for (let attempt = 0; attempt < 10; attempt++) {
      await vi.advanceTimersByTimeAsync(9_000);
      socket.tries();
    }
    expect(socket.made.length).toBe(1);
    socket.comesUp();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.made.length).toBe(1);
    socket.breaks();
    state.set({ kind: "anonymous" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.made.length).toBe(1);
  });
});

async function begun() {
  const parts = client();
  parts.state.set(ANN);
  await vi.waitFor(() => expect(parts.socket.active).toBe(true));
  return parts;
}

async function online() {
  const parts = await begun();
  parts.socket.comesUp();
  const said = () => parts.socket.emitted.map(({ event, payload }) => [event, payload]);
  return { ...parts, said };
}

it("hears which description the server refuses; a connection that breaks is no refusal", async () => {
  const { socket, signaling } = await online();
  const codes: string[] = [];
  const sessionDescription = { type: "offer", sdp: "v=0" } as const;
  const send = () =>
    signaling.send({ event: "offer-sdp", payload: { peerID: "bob", sessionDescription } }, (code) =>
      codes.push(code),
    );
  send();
  socket.emitted.shift()?.answer(null, { ok: false, code: "unavailable", message: "" });
  send();
  socket.emitted.shift()?.answer(null, { ok: true });
  send();
  socket.breaks();
  send();
  expect(socket.emitted).toEqual([]);
  expect(codes).toEqual(["unavailable"]);
});

describe("a connection for a room", () => {
  const DEN = "8a8a1a9f";
  const ATTIC = "87bb1701";

  it("is made so from the start where the room is known", async () => {
    const { socket, state, signaling } = client();
    await signaling.headFor("den");
    state.set(ANN);
    await vi.waitFor(() => expect(socket.active).toBe(true));
    socket.io.engine.id = "1.Zm9v";
    socket.comesUp();
    await signaling.headFor("den");
    expect(socket.made).toEqual([DEN]);
    expect(signaling.link.get()).toBe("online");
  });

  it("replaces that for none, or for another one, where the server is one of several", async () => {
    const { socket, signaling } = await online();
    socket.io.engine.id = "1.Zm9v";
    const links: string[] = [];
    signaling.link.subscribe(() => links.push(signaling.link.get()));
    await signaling.headFor("den");
    expect(socket.made).toEqual([null, DEN]);
    expect(signaling.link.get()).toBe("connecting");
    socket.comesUp();
    expect(signaling.link.get()).toBe("online");
    await signaling.headFor("attic");
    expect(socket.made).toEqual([null, DEN, ATTIC]);
    socket.comesUp();
    socket.breaks();
    socket.connect();
    socket.comesUp();
    expect(socket.made).toEqual([null, DEN, ATTIC, ATTIC]);
    expect(links.at(-1)).toBe("online");
  });

  it("replaces nothing where there is one server alone", async () => {
    const { socket, signaling } = await online();
    await signaling.headFor("den");
    expect(socket.made).toEqual([null]);
    expect(signaling.link.get()).toBe("online");
    socket.breaks();
    socket.connect();
    expect(socket.made).toEqual([null, DEN]);
  });

  it("replaces that which was under way", async () => {
    const { socket, state, signaling } = client();
    state.set(ANN);
    await vi.waitFor(() => expect(socket.active).toBe(true));
    await signaling.headFor("den");
    socket.io.engine.id = "1.Zm9v";
    socket.comesUp();
    expect(socket.made).toEqual([null, DEN]);
    expect(signaling.link.get()).toBe("connecting");
  });
});

describe("a visit that is left", () => {
  it("is ended on the next connection where there is none, before anybody hears that it is up", async () => {
    const { socket, signaling, said } = await online();
    socket.breaks();
    signaling.leave("a visit");
    expect(said()).toEqual([]);
    const atOnline: unknown[] = [];
    signaling.link.subscribe(() => {
      if (signaling.link.get() === "online") atOnline.push(...said());
    });
    socket.comesUp();
    expect(atOnline).toEqual([["end-visit", { resume: "a visit" }]]);
  });

  it("is ended on the next connection where the leave was not acknowledged", async () => {
    const { socket, signaling, said } = await online();
    signaling.leave("a visit");
    expect(said()).toEqual([["leave", undefined]]);
    socket.breaks();
    socket.comesUp();
    expect(said()).toEqual([["end-visit", { resume: "a visit" }]]);
    socket.breaks();
    socket.comesUp();
    expect(said()).toEqual([["end-visit", { resume: "a visit" }]]);
    socket.emitted[0]?.answer(null);
    socket.breaks();
    socket.comesUp();
    expect(said()).toEqual([]);
  });

  it("is not spoken of again once the leave is acknowledged", async () => {
    const { socket, signaling, said } = await online();
    signaling.leave("a visit");
    socket.emitted[0]?.answer(null);
    socket.breaks();
    socket.comesUp();
    expect(said()).toEqual([]);
  });

  it("makes a connection that does not acknowledge it be probed", async () => {
    const { socket, signaling, said } = await online();
    signaling.leave("a visit");
    socket.emitted[0]?.answer(new Error("timeout"));
    expect(said().at(-1)).toEqual(["username", undefined]);
  });

  it("is nobody else's, and the latest few are remembered", async () => {
    const { socket, state, signaling, said } = await online();
    socket.breaks();
    for (let number = 0; number < 20; number++) signaling.leave(`visit ${number}`);
    socket.comesUp();
    expect(said()).toHaveLength(8);
    expect(said().at(-1)).toEqual(["end-visit", { resume: "visit 19" }]);
    socket.breaks();
    state.set({ kind: "logged-in", identity: { ...ANN.identity, email: "eve@example.org" } });
    socket.comesUp();
    expect(said()).toEqual([]);
  });
});
