import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LinkState, PeerSignal } from "../signaling";
import { Store } from "../store";
import type { Acknowledgements, Join, Joined, ServerEvents } from "../wire.gen";
import { Call, OPENING_MS, TOLD_AFTER_MS } from "./call";
import { Chat } from "./chat";
import type { Gesture, GestureListener } from "./gestures";
import { windowOf } from "./health/fake-window";
import type { HealthListener } from "./health/window";
import { LocalMedia } from "./media";
import type { NetworkNews } from "./network-watch";
import { RELIEF, type ReliefLevel } from "./quality/cpu-relief";
import { ResumableSignaling } from "./resumable-signaling";
import type {
  HealthCheckReason,
  MediaTopology,
  Membership,
  Participant,
  PreparedTopology,
} from "./topology";

const aKey = expect.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

/** Records its orders. */
class RecordingTopology implements MediaTopology {
  readonly participants = new Store<readonly Participant[]>([]);
  readonly orders: string[] = [];
  enter = ({ continuity, others }: Membership) =>
    void this.orders.push([continuity, ...others.map(({ peerID }) => peerID)].join(" "));
  known = () => ["bob", "eve"];
  check = (reason: HealthCheckReason) => void this.orders.push(reason);
  publish = () => {};
  wish = () => {};
  readonly speech: boolean[] = [];
  speak = (isAudible: boolean) => void this.speech.push(isAudible);
  record = (isRecording: boolean) => void (isRecording && this.orders.push("record"));
  readonly gestures: Gesture[] = [];
  gesture = (gesture: Gesture) => void this.gestures.push(gesture);
  gestureListener: GestureListener | null = null;
  followGestures = (listener: GestureListener) => {
    this.gestureListener = listener;
    return () => {};
  };
  readonly healthListeners = new Set<HealthListener>();
  readonly relief = new Store<ReliefLevel>(RELIEF.none);
  followHealth = (listener: HealthListener) => {
    this.healthListeners.add(listener);
    return () => void this.healthListeners.delete(listener);
  };
  close = () => void this.orders.push("close");
}

const offer = { peerID: "bob", sessionDescription: { type: "offer" as const, sdp: "v=0" } };

/** A topology with an offer for bob that waits for the join. */
class PreparedRecording extends RecordingTopology {
  override enter = (membership: Membership) =>
    void this.orders.push(`offered ${membership.offered?.join(" ")}`);
  prepare = () => {};
  takeOffers = () => [offer];
}

function participation(
  answers: Acknowledgements["join"][],
  prepared: PreparedTopology | null = null,
) {
  const link = new Store<LinkState>("online");
  const listeners = new Map<string, Set<(payload: never) => void>>();
  const said: string[] = [];
  const recordAnswers: Acknowledgements["record"][] = [];
  const paints = new Set<() => void>();
  const claims: Join[] = [];
  const left: (string | null)[] = [];
  const signals: PeerSignal[] = [];
  const built: Record<string, RecordingTopology> = {};
  let networkChanged: (news: NetworkNews) => void = () => {};
  const signaling = new ResumableSignaling({
    link,
    join: (claim, answered) => {
      said.push(`join ${claim.room}`);
      claims.push(claim);
      answered(answers.shift() ?? { ok: false, code: "gone", message: "Gone." });
    },
    send: (signal) => void signals.push(signal),
    check: () => void said.push("check"),
    reportTopology: async () => ({ ok: true }),
    record: async ({ recording }) => {
      said.push(`record ${recording}`);
      return recordAnswers.shift() ?? { ok: true };
    },
    startRecording: async () => ({ ok: true }),
    stopRecording: async () => ({ ok: true }),
    consentToRecording: async ({ recordingID }) => {
      said.push(`consent ${recordingID}`);
      return { ok: true };
    },
    leave: (resume) => {
      said.push("leave");
      left.push(resume);
    },
    on: (event, listener) => {
      const known = listeners.get(event) ?? new Set();
      listeners.set(event, known.add(listener as never));
      return () => known.delete(listener as never);
    },
  });
  const call = new Call({
    room: "Garden",
    creator: "bob",
    signaling,
    topologies: {
      prepare: async () => {},
      learn: () => {},
      create: (name) => {
        if (name === "unheard-of") return null;
        built[name] = new RecordingTopology();
        return built[name];
      },
    },
    watchNetwork: (changed) => {
      networkChanged = changed;
      return () => {};
    },
    beforeNextPaint: (work) => {
      paints.add(work);
      return () => void paints.delete(work);
    },
    media: new LocalMedia(null),
    takePrepared: () => prepared,
    chat: new Chat({
      edit: async () => ({ ok: false, code: "no_answer", message: "" }),
      delete: async () => ({ ok: false, code: "no_answer", message: "" }),
      room: "Garden",
      author: { email: "ann@x", username: "ann" },
      load: async () => ({ messages: [], more: false }),
      send: async () => ({ ok: false, code: "", message: "" }),
    }),
  });
  const hear = <E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]) => {
    for (const listener of listeners.get(event) ?? []) listener(payload as never);
  };
  return {
    call,
    built,
    orders: () => built.mesh?.orders ?? [],
    link,
    said,
    recordAnswers,
    claims,
    left,
    signals,
    signaling,
    hear,
    change: (news: NetworkNews) => networkChanged(news),
    paint: () => {
      const due = [...paints];
      paints.clear();
      for (const work of due) work();
      return due.length;
    },
  };
}

const joined = (peerID: string, ...others: string[]): Joined => ({
  ok: true,
  resume: `token of ${peerID}`,
  resumed: false,
  room: "Garden",
  peerID,
  peers: others.map((other) => ({ peerID: other, peerUsername: other })),
});

const ice = (candidate: string): PeerSignal => ({
  event: "offer-ice",
  payload: { peerID: "bob", iceCandidate: { candidate } },
});

const bob: Participant = {
  id: "bob",
  username: "bob",
  tracks: {
    microphone: { track: null, on: null, flowing: false, paused: false },
    camera: { track: null, on: null, flowing: false, paused: false },
    screen: { track: null, on: null, flowing: false, paused: false },
  },
  screens: [],
  speaking: false,
  health: { connection: "connected", unreachable: null },
  code: null,
  codeChanged: false,
};

describe("Call", () => {
  it("joins, and shows the participants of the topology that the answer names", async () => {
    const { call, built, paint } = participation([{ ...joined("me", "bob"), topology: "mesh" }]);
    await call.start();
    expect(call.phase.get()).toMatchObject({ kind: "joined", peerID: "me" });
    expect(built.mesh?.orders).toEqual(["new bob"]);
    built.mesh?.participants.set([bob]);
    paint();
    expect(call.participants.get()).toEqual([bob]);
  });

  it("tells the topology when the person at this browser speaks", async () => {
    const { call, built } = participation([joined("me", "bob")]);
    await call.start();
    for (const isAudible of [true, false]) call.voice.isAudible.set(isAudible);
    expect(built.mesh?.speech).toEqual([true, false]);
  });

  it("shows the participants once for each paint, as they are by then", async () => {
    const { call, built, paint } = participation([joined("me", "bob")]);
    await call.start();
    for (const speaking of [true, false, true]) {
      built.mesh?.participants.set([{ ...bob, speaking }]);
      expect(call.participants.get()).toEqual([]);
    }
    expect(paint()).toBe(1);
    expect(call.participants.get()).toEqual([{ ...bob, speaking: true }]);
    built.mesh?.participants.set([]);
    expect(paint()).toBe(1);
    expect(call.participants.get()).toEqual([]);
  });

  it("shows nobody once it is over", async () => {
    const { call, built, paint } = participation([joined("me", "bob")]);
    await call.start();
    built.mesh?.participants.set([bob]);
    call.leave();
    expect(paint()).toBe(0);
    expect(call.participants.get()).toEqual([]);
  });

  it("records how media travel, of everyone in it, until it is over", async () => {
    const { call, built, paint } = participation([joined("me", "bob")]);
    await call.start();
    const listeners = built.mesh?.healthListeners ?? new Set();
    built.mesh?.participants.set([bob]);
    paint();
    for (const slot of [1, 2, 3]) for (const hear of listeners) hear("bob", windowOf({ slot }));
    const [record] = call.health.records.get();
    expect(record).toMatchObject({ id: "bob", isHere: true, standing: { mark: "good" } });
    expect(record?.windows).toHaveLength(3);
    call.leave();
    expect(listeners.size).toBe(0);
    expect(call.health.records.get()).toMatchObject([{ id: "bob", isHere: false }]);
  });

  it("tells another topology of our hand, and lowers it for the room's creator alone", async () => {
    const other = { ...joined("me"), resumed: true, received: 0, topology: "other" } as never;
    const { call, built, link, paint } = participation([joined("me", "bob", "eve"), other]);
    await call.start();
    built.mesh?.participants.set([bob, { ...bob, id: "eve", username: "eve" }]);
    paint();
    call.gestures.raiseHand(true);
    built.mesh?.gestureListener?.askedToLower("eve");
    expect(call.gestures.hands.get()).toEqual(["self"]);
    link.set("connecting");
    link.set("online");
    expect(built.other?.gestures).toEqual([{ kind: "hand", number: call.gestures.ownHand.get() }]);
    built.other?.participants.set([bob]);
    built.other?.gestureListener?.askedToLower("bob");
    expect(call.gestures.hands.get()).toEqual([]);
  });

  it.each(["online", "connecting", "offline"] as const)(
    "names the visit that it leaves, so that it ends later where the line is %s",
    async (state) => {
      const { call, link, left } = participation([joined("me", "bob")]);
      await call.start();
      link.set(state);
      call.leave();
      call.leave();
      expect(left).toEqual(["token of me"]);
    },
  );

  it("names the visit that a page leaves which goes away", async () => {
    const { call, left } = participation([joined("me", "bob")]);
    await call.start();
    call.suspend();
    expect(left).toEqual(["token of me"]);
  });

  it("takes a mesh where the answer names no topology", async () => {
    const { call, built } = participation([joined("me")]);
    await call.start();
    expect(Object.keys(built)).toEqual(["mesh"]);
  });

  it("changes the topology where a later answer names another one", async () => {
    const other = { ...joined("me"), resumed: true, received: 0, topology: "other" } as never;
    const { call, built, link, paint } = participation([joined("me", "bob"), other]);
    await call.start();
    built.mesh?.participants.set([bob]);
    paint();
    link.set("connecting");
    link.set("online");
    expect(built.mesh?.orders).toEqual(["new bob", "close"]);
    expect(built.other?.orders).toEqual(["resumed"]);
    expect(call.participants.get()).toEqual([]);
    built.mesh?.participants.set([bob]);
    expect(paint()).toBe(0);
    expect(call.participants.get()).toEqual([]);
  });

  it("leaves where the answer names a topology that this client does not know", async () => {
    const unknown = { ...joined("me"), topology: "unheard-of" } as never;
    const { call, said } = participation([unknown]);
    await call.start();
    expect(call.phase.get()).toMatchObject({ kind: "refused", code: "unknown_topology" });
    expect(said).toEqual(["join Garden", "leave"]);
  });

  it("gives up effects where the CPU does not suffice for what is sent", async () => {
    const { call, built } = participation([joined("me", "bob")]);
    await call.start();
    const relieve = vi.spyOn(call.media, "relieveCpu");
    built.mesh?.relief.set(RELIEF.fewerFrames);
    expect(relieve).toHaveBeenCalledOnce();
    built.mesh?.relief.set(RELIEF.none);
    expect(relieve).toHaveBeenCalledOnce();
  });

  it("checks the connection to the server where the media of a participant break", async () => {
    const { call, built, said } = participation([joined("me", "bob")]);
    await call.start();
    built.mesh?.participants.set([bob]);
    expect(said).toEqual(["join Garden"]);
    const health = { connection: "reconnecting", unreachable: null } as const;
    built.mesh?.participants.set([{ ...bob, health }]);
    built.mesh?.participants.set([{ ...bob, health, speaking: true }]);
    expect(said).toEqual(["join Garden", "check"]);
  });

  it("keeps its topology while the line is down and resumes its participation after", async () => {
    const { call, orders, link, claims, signals, signaling, hear } = participation([
      joined("me", "bob", "eve"),
      { ...joined("me", "bob"), resumed: true, received: 1 },
    ]);
    await call.start();
    hear("add-peer", { peerID: "bob", peerUsername: "bob", createOffer: true });
    const before = call.phase.get();
    for (const candidate of ["one", "two"]) signaling.send(ice(candidate));
    link.set("connecting");
    signaling.send(ice("three"));
    expect(call.phase.get().kind).toBe("rejoining");
    expect(signals).toEqual([ice("one"), ice("two")]);
    link.set("online");
    expect(claims).toEqual([
      { room: "Garden", resumable: true, topologies: ["mesh", "sfu"], attempt: aKey },
      {
        room: "Garden",
        resumable: true,
        resume: "token of me",
        known: ["bob", "eve"],
        received: 1,
        topologies: ["mesh", "sfu"],
        attempt: aKey,
      },
    ]);
    expect(claims[0]?.attempt).not.toBe(claims[1]?.attempt);
    expect(signals.slice(2)).toEqual([ice("two"), ice("three")]);
    expect(orders()).toEqual(["new bob eve", "resumed bob"]);
    expect(call.phase.get()).toEqual(before);
  });

  it("names a join by the same key until it is acknowledged, since the server may have heard it", async () => {
    const unheard = { ok: false as const, code: "no_answer", message: "No answer." };
    const { call, claims, link } = participation([unheard, unheard, joined("me"), joined("me")]);
    await call.start();
    for (let again = 0; again < 3; again++) {
      link.set("connecting");
      link.set("online");
    }
    const [first, second, third, fourth] = claims.map(({ attempt }) => attempt);
    expect([second, third]).toEqual([first, first]);
    expect(fourth).not.toBe(first);
  });

  it("mends what may be lost where the server has forgotten how far we were", async () => {
    const { call, orders, link } = participation([
      joined("me", "bob"),
      { ...joined("me"), resumed: true, received: null },
    ]);
    await call.start();
    link.set("connecting");
    link.set("online");
    expect(orders()).toEqual(["new bob", "resumed-with-losses"]);
  });

  it("drops who is not there any more where a new participation had to begin", async () => {
    const { call, orders, link } = participation([
      joined("me", "bob", "eve"),
      joined("me2", "bob"),
    ]);
    await call.start();
    link.set("connecting");
    link.set("online");
    expect(orders()).toEqual(["new bob eve", "new bob"]);
    expect(call.phase.get()).toMatchObject({ kind: "joined", peerID: "me2" });
  });

  it("looks after line and peers when the network changes", async () => {
    const { call, orders, said, change } = participation([joined("me")]);
    await call.start();
    change("may-be-broken");
    change("network-changed");
    expect(said).toEqual(["join Garden", "check", "check"]);
    expect(orders()).toEqual(["new", "may-be-broken", "network-changed"]);
  });

  it("begins anew where a page that was put away comes back", async () => {
    const { call, said, claims, change } = participation([joined("me"), joined("me2")]);
    await call.start();
    call.suspend();
    change("may-be-broken");
    expect(said).toEqual(["join Garden", "leave", "check", "join Garden"]);
    expect(claims[1]).toEqual({
      room: "Garden",
      resumable: true,
      topologies: ["mesh", "sfu"],
      attempt: aKey,
    });
  });

  it("waits for the line where there is none yet", async () => {
    const { call, link, said } = participation([joined("me")]);
    link.set("connecting");
    await call.start();
    expect(said).toEqual([]);
    link.set("online");
    expect(call.phase.get().kind).toBe("joined");
  });

  it("ends where the server refuses", async () => {
    const { call, built, said } = participation([
      { ok: false, code: "not_admitted", message: "No." },
    ]);
    await call.start();
    expect(call.phase.get()).toEqual({ kind: "refused", code: "not_admitted", message: "No." });
    expect(built).toEqual({});
    call.leave();
    expect(said).toEqual(["join Garden"]);
  });

  it("is not refused by a server that is in trouble", async () => {
    const { call } = participation([{ ok: false, code: "unavailable", message: "Later." }]);
    await call.start();
    expect(call.phase.get().kind).toBe("joining");
    call.leave();
  });

  it("tells the server when one leaves, once", async () => {
    const { call, orders, said } = participation([joined("me")]);
    await call.start();
    call.leave();
    call.leave();
    expect(said).toEqual(["join Garden", "leave"]);
    expect(orders().at(-1)).toBe("close");
    expect(call.phase.get().kind).toBe("left");
  });
});

describe("while the server cannot be joined", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const unavailable = { ok: false, code: "unavailable", message: "Later." } as const;
  const joins = (said: string[]) => said.filter((word) => word.startsWith("join")).length;

  it("asks again soon, and says nothing of a short interruption", async () => {
    const refusals = [unavailable, unavailable, unavailable];
    const back = { ...joined("me", "bob"), resumed: true, received: 0 };
    const { call, link, said } = participation([joined("me", "bob"), ...refusals, back]);
    await call.start();
    const told: unknown[] = [];
    call.delay.subscribe(() => told.push(call.delay.get()));
    link.set("connecting");
    expect(call.phase.get()).toMatchObject({ kind: "rejoining", peerID: "me" });
    link.set("online");
    await vi.advanceTimersByTimeAsync(TOLD_AFTER_MS - 100);
    expect(call.phase.get()).toMatchObject({ kind: "joined", peerID: "me" });
    expect(joins(said)).toBe(5);
    await vi.advanceTimersByTimeAsync(TOLD_AFTER_MS);
    expect(told).toEqual([]);
    call.leave();
  });

  it("asks less and less often, and says after a while that it does", async () => {
    const { call, link, said } = participation([
      joined("me", "bob"),
      ...Array(100).fill(unavailable),
    ]);
    await call.start();
    expect(call.delay.get()).toBeNull();
    link.set("connecting");
    link.set("online");
    await vi.advanceTimersByTimeAsync(TOLD_AFTER_MS);
    expect(call.delay.get()).toBe("rejoining");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(joins(said)).toBeGreaterThan(20);
    expect(joins(said)).toBeLessThan(80);
    call.leave();
    expect(call.delay.get()).toBeNull();
  });

  it("says that to enter takes long", async () => {
    const { call } = participation([...Array(100).fill(unavailable)]);
    await call.start();
    expect(call.delay.get()).toBe("entering");
    await vi.advanceTimersByTimeAsync(TOLD_AFTER_MS);
    expect(call.delay.get()).toBe("entering-long");
    call.leave();
  });
});

describe("what was prepared before the join", () => {
  const prepared = () => ({ name: "mesh", topology: new PreparedRecording() });

  it("goes with the first join, in the same turn of the event loop, and is the topology of the call", () => {
    const ready = prepared();
    const answer = { ...joined("me", "bob"), topology: "mesh" as const, offered: ["bob"] };
    const { call, claims, built } = participation([answer], ready);
    void call.start();
    expect(claims).toEqual([
      {
        room: "Garden",
        resumable: true,
        topologies: ["mesh", "sfu"],
        attempt: aKey,
        offers: [offer],
      },
    ]);
    expect(ready.topology.orders).toEqual(["offered bob"]);
    expect(built).toEqual({});
    expect(call.phase.get().kind).toBe("joined");
  });

  it("does not go with a join that comes again", async () => {
    const { call, claims, link } = participation([joined("me"), joined("me")], prepared());
    await call.start();
    link.set("connecting");
    link.set("online");
    expect(claims.map(({ offers }) => offers)).toEqual([[offer], undefined]);
  });

  it("is void where the join fails: the server may have passed the offers on", async () => {
    const ready = prepared();
    const busy = { ok: false as const, code: "no_answer", message: "No answer." };
    const { call, claims, link, built } = participation([busy, joined("me", "bob")], ready);
    await call.start();
    expect(ready.topology.orders).toEqual(["close"]);
    link.set("connecting");
    link.set("online");
    expect(claims[1]?.offers).toBeUndefined();
    expect(built.mesh?.orders).toEqual(["new bob"]);
  });

  it("makes way for another topology", async () => {
    const ready = prepared();
    const answer = { ...joined("me"), topology: "unheard-of" } as unknown as Joined;
    const { call } = participation([answer], ready);
    await call.start();
    expect(ready.topology.orders).toEqual(["close"]);
    expect(call.phase.get()).toMatchObject({ kind: "refused", code: "unknown_topology" });
  });
});

describe("the call is shown", () => {
  const opening = (call: Call) => {
    let isOpen = false;
    void call.opened.then(() => {
      isOpen = true;
    });
    return async (inMs: number) => {
      await vi.advanceTimersByTimeAsync(inMs);
      return isOpen;
    };
  };

  it("once the server has answered, or after a moment without an answer", async () => {
    vi.useFakeTimers();
    const entered = participation([joined("me", "bob")]).call;
    const refused = participation([]).call;
    const silence = { ok: false, code: "no_answer", message: "" } as const;
    const waiting = participation(Array(10).fill(silence)).call;
    const [isEntered, isRefused, isWaiting] = [entered, refused, waiting].map(opening);
    for (const call of [entered, refused, waiting]) void call.start();
    expect(await isEntered?.(0)).toBe(true);
    expect(await isRefused?.(0)).toBe(true);
    expect(await isWaiting?.(OPENING_MS - 1)).toBe(false);
    expect(await isWaiting?.(1)).toBe(true);
    vi.useRealTimers();
  });
});

describe("a recording", () => {
  it("is told to the server, then to the others, and again after each join", async () => {
    const { call, orders, said, link } = participation([joined("ann"), joined("ann")]);
    expect(await call.beginRecording()).toBe(false);
    await call.start();
    expect(said).not.toContain("record true");
    expect(await call.beginRecording()).toBe(true);
    expect(call.isRecording.get()).toBe(true);
    expect(orders()).toContain("record");
    link.set("connecting");
    link.set("online");
    call.endRecording();
    expect(call.isRecording.get()).toBe(false);
    const told = said.filter((each) => each.startsWith("record"));
    expect(told).toEqual(["record true", "record true", "record false"]);
  });

  it("that ends while the server is away is told after the next join", async () => {
    const { call, said, link } = participation([joined("ann"), joined("ann")]);
    await call.start();
    await call.beginRecording();
    link.set("connecting");
    call.endRecording();
    link.set("online");
    const told = said.filter((each) => each.startsWith("record"));
    expect(told).toEqual(["record true", "record false"]);
  });

  it("does not begin where the server cannot be told", async () => {
    const { call, recordAnswers } = participation([joined("ann")]);
    await call.start();
    recordAnswers.push({ ok: false, code: "no_answer", message: "" });
    expect(await call.beginRecording()).toBe(false);
    expect(call.isRecording.get()).toBe(false);
  });
});
