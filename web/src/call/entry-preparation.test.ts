import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LinkState } from "../signaling";
import { Store } from "../store";
import type { Acknowledgements, PeerEntry, ServerEvents } from "../wire.gen";
import { ASK_EVERY_MS, EntryPreparation, KNOWN_WITHIN_MS, RENEW_MS } from "./entry-preparation";
import { RELIEF, type ReliefLevel } from "./quality/cpu-relief";
import { type LocalTracks, NO_LOCAL_TRACKS, type PreparableTopology } from "./topology";

type Answer = Acknowledgements["prepare"];

const peers = (...peerIDs: string[]): PeerEntry[] =>
  peerIDs.map((peerID) => ({ peerID, peerUsername: peerID }));
const prepared = (...peerIDs: string[]): Answer => ({
  ok: true,
  room: "Garden",
  topology: "mesh",
  peers: peers(...peerIDs),
});
const refused: Answer = { ok: false, code: "unknown_event", message: "Unknown." };

/** Records its orders. */
class RecordingTopology implements PreparableTopology {
  readonly participants = new Store([]);
  readonly orders: string[] = [];
  prepare = (others: readonly PeerEntry[]) =>
    void this.orders.push(["prepare", ...others.map(({ peerID }) => peerID)].join(" "));
  publish = ({ on }: LocalTracks) => void this.orders.push(`camera ${on.camera}`);
  gesture = () => {};
  followGestures = () => () => {};
  readonly relief = new Store<ReliefLevel>(RELIEF.none);
  followHealth = () => () => {};
  close = () => void this.orders.push("close");
  takeOffers = () => [];
  known = () => [];
  enter = () => {};
  wish = () => {};
  speak = () => {};
  record = (isRecording: boolean) => void (isRecording && this.orders.push("record"));
  check = () => {};
}

function lobby({ devices = Promise.resolve() } = {}) {
  const link = new Store<LinkState>("online");
  const outgoing = new Store<LocalTracks>(NO_LOCAL_TRACKS);
  const listeners = new Map<string, (payload: never) => void>();
  const world = { answer: prepared("bob"), questions: 0, isVisible: true };
  const topology = new RecordingTopology();
  let networkChanged = () => {};
  const preparation = new EntryPreparation({
    room: "Garden",
    signaling: {
      link,
      on: (event, listener) => {
        listeners.set(event, listener as never);
        return () => listeners.delete(event);
      },
      prepare: async () => {
        world.questions++;
        return world.answer;
      },
    },
    media: { outgoing },
    mediaReady: devices,
    topologies: {
      prepare: async () => {},
      learn: () => {},
      create: (name) => (name === "mesh" ? topology : null),
    },
    isVisible: () => world.isVisible,
    watchNetwork: (changed) => {
      networkChanged = changed;
      return () => {
        networkChanged = () => {};
      };
    },
  });
  const hear = <E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]) =>
    listeners.get(event)?.(payload as never);
  const change = () => networkChanged();
  return { preparation, topology, link, outgoing, world, hear, listeners, change };
}

const settled = () => vi.advanceTimersByTimeAsync(0);
const aPauseLater = () => vi.advanceTimersByTimeAsync(ASK_EVERY_MS);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the preparation of an entry", () => {
  it("prepares connections to those who are in, and hands them over", async () => {
    const { preparation, topology, listeners } = lobby();
    preparation.start();
    await settled();
    expect(preparation.present.get()).toEqual(peers("bob"));
    expect(topology.orders).toEqual(["camera false", "prepare bob"]);
    expect(preparation.take()).toEqual({ name: "mesh", topology });
    preparation.close();
    expect(topology.orders).not.toContain("close");
    expect(listeners.size).toBe(0);
  });

  it("prepares no connections to the people of a large call, who have none", async () => {
    const { preparation, topology, world } = lobby();
    const move = { epoch: "1-1", kind: "sfu", channels: false, settled: true } as const;
    world.answer = { ...prepared("bob"), move } as Answer;
    preparation.start();
    await settled();
    expect(preparation.present.get()).toEqual(peers("bob"));
    expect([preparation.take(), topology.orders]).toEqual([null, []]);
  });

  it("says once it is known who is there, and does not let anybody wait for long", async () => {
    const { preparation } = lobby();
    preparation.start();
    expect(preparation.isKnown).toBe(false);
    await settled();
    expect(preparation.isKnown).toBe(true);
    const alone = lobby();
    alone.link.set("connecting");
    alone.preparation.start();
    await vi.advanceTimersByTimeAsync(KNOWN_WITHIN_MS - 1);
    expect(alone.preparation.isKnown).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(alone.preparation.isKnown).toBe(true);
  });

  it("closes what nobody takes, and does nothing afterwards", async () => {
    const { preparation, topology, link, world, change } = lobby();
    preparation.start();
    await settled();
    preparation.close();
    expect(topology.orders.at(-1)).toBe("close");
    link.set("connecting");
    link.set("online");
    change();
    await vi.advanceTimersByTimeAsync(RENEW_MS * 2);
    expect(world.questions).toBe(1);
    expect(preparation.take()).toBeNull();
  });

  it("asks again when somebody comes or goes, at most once in a while", async () => {
    const { preparation, topology, world, hear } = lobby();
    preparation.start();
    await settled();
    world.answer = prepared("bob", "eve");
    for (let i = 0; i < 5; i++) hear("call-changed", { room: "Garden" });
    hear("call-changed", { room: "Kitchen" });
    expect(world.questions).toBe(1);
    await aPauseLater();
    expect(world.questions).toBe(2);
    expect(topology.orders.at(-1)).toBe("prepare bob eve");
  });

  it("waits for the devices with its connections, but not with who is in", async () => {
    let open = () => {};
    const devices = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { preparation, topology } = lobby({ devices });
    preparation.start();
    await settled();
    expect(preparation.present.get()).toEqual(peers("bob"));
    expect(topology.orders).toEqual([]);
    open();
    await settled();
    expect(topology.orders).toEqual(["camera false", "prepare bob"]);
  });

  it("prepares nothing where the server knows of no preparation, or of another topology", async () => {
    const { preparation, topology, world } = lobby();
    world.answer = refused;
    preparation.start();
    await settled();
    expect(preparation.present.get()).toEqual([]);
    world.answer = { ...prepared("bob"), topology: "sfu" } as unknown as Answer;
    await vi.advanceTimersByTimeAsync(RENEW_MS);
    expect(world.questions).toBe(2);
    expect(topology.orders).toEqual([]);
    expect(preparation.take()).toBeNull();
  });

  it("drops its connections where the right to enter is lost", async () => {
    const { preparation, topology, world, hear } = lobby();
    preparation.start();
    await settled();
    world.answer = { ok: false, code: "banned", message: "Banned." };
    hear("call-changed", { room: "Garden" });
    await aPauseLater();
    expect(topology.orders.at(-1)).toBe("prepare");
    expect(preparation.present.get()).toEqual([]);
  });

  it("makes everything anew with its age and after changes of the network", async () => {
    const { preparation, topology, change } = lobby();
    preparation.start();
    await settled();
    await vi.advanceTimersByTimeAsync(RENEW_MS);
    expect(topology.orders.slice(2)).toEqual(["prepare", "prepare bob"]);
    change();
    await aPauseLater();
    expect(topology.orders.slice(4)).toEqual(["prepare", "prepare bob"]);
  });

  it("keeps no connections for a page that nobody sees", async () => {
    const { preparation, topology, world, change } = lobby();
    preparation.start();
    await settled();
    world.isVisible = false;
    await vi.advanceTimersByTimeAsync(RENEW_MS);
    expect(topology.orders.at(-1)).toBe("prepare");
    world.isVisible = true;
    change();
    await aPauseLater();
    expect(topology.orders.at(-1)).toBe("prepare bob");
  });

  it("follows the devices and the connection to the server", async () => {
    const { preparation, topology, link, outgoing, world } = lobby();
    link.set("connecting");
    preparation.start();
    await settled();
    expect(world.questions).toBe(0);
    link.set("online");
    await settled();
    expect(world.questions).toBe(1);
    outgoing.set({ ...NO_LOCAL_TRACKS, on: { ...NO_LOCAL_TRACKS.on, camera: true } });
    expect(topology.orders.at(-1)).toBe("camera true");
  });

  it("leaves out what the browser cannot do", async () => {
    const { preparation, topology } = lobby();
    vi.spyOn(console, "warn").mockImplementation(() => {});
    topology.prepare = () => {
      throw new DOMException("too many", "UnknownError");
    };
    preparation.start();
    await settled();
    expect(preparation.take()?.topology).toBe(topology);
  });
});
