import { describe, expect, it } from "vitest";
import type { LinkState } from "../signaling";
import { Store } from "../store";
import type { Acknowledgements, ServerEvents } from "../wire.gen";
import { Call } from "./call";
import { Chat } from "./chat";
import { IceSource } from "./ice";
import { LocalMedia } from "./media";
import type { MediaTopology, RemotePeer } from "./topology";

/** Writes down its orders. */
class NotedTopology implements MediaTopology {
  readonly peers = new Store<readonly RemotePeer[]>([]);
  readonly orders: string[] = [];
  addPeer = ({ peerID }: { peerID: string }) => void this.orders.push(`add ${peerID}`);
  removePeer = ({ peerID }: { peerID: string }) => void this.orders.push(`remove ${peerID}`);
  keepOnly = (ids: ReadonlySet<string>) => void this.orders.push(`keep ${[...ids].join(" ")}`);
  receiveDescription = () => void this.orders.push("description");
  receiveCandidate = () => void this.orders.push("candidate");
  publish = () => {};
  close = () => void this.orders.push("close");
}

function visit(answers: Acknowledgements["join"][]) {
  const link = new Store<LinkState>("online");
  const listeners = new Map<string, (payload: never) => void>();
  const said: string[] = [];
  const topology = new NotedTopology();
  const call = new Call({
    room: "Garden",
    topology,
    media: new LocalMedia(null),
    chat: new Chat({
      room: "Garden",
      author: { email: "ann@x", username: "ann" },
      load: async () => ({ messages: [], more: false }),
      send: async () => ({ ok: false, code: "", message: "" }),
    }),
    ice: new IceSource(async () => ({ iceServers: [], expires_at: null })),
    signaling: {
      link,
      join: async (room) => {
        said.push(`join ${room}`);
        return answers.shift() ?? { ok: false, code: "gone", message: "Gone." };
      },
      leave: () => void said.push("leave"),
      on: (event, listener) => {
        listeners.set(event, listener as never);
        return () => listeners.delete(event);
      },
    },
  });
  const hear = <E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]) =>
    listeners.get(event)?.(payload as never);
  return { call, topology, link, said, hear };
}

const joined = (peerID: string, ...others: string[]): Acknowledgements["join"] => ({
  ok: true,
  room: "Garden",
  peerID,
  peers: others.map((other) => ({ peerID: other, peerUsername: other })),
});

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("Call", () => {
  it("joins and passes on whom the server introduces", async () => {
    const { call, topology, hear } = visit([joined("me", "bob")]);
    await call.start();
    hear("add-peer", { peerID: "bob", peerUsername: "bob", createOffer: true });
    hear("remove-peer", { peerID: "bob", peerUsername: "bob" });
    expect(call.phase.get()).toMatchObject({ kind: "joined", peerID: "me" });
    expect(topology.orders).toEqual(["keep bob", "add bob", "remove bob"]);
  });

  it("keeps its peers while the line is down and joins again after", async () => {
    const { call, topology, link, said } = visit([
      joined("me", "bob", "eve"),
      joined("me2", "bob"),
    ]);
    await call.start();
    const before = call.phase.get();
    link.set("connecting");
    expect(call.phase.get().kind).toBe("rejoining");
    expect(topology.orders).toEqual(["keep bob eve"]);
    link.set("online");
    await settled();
    expect(said).toEqual(["join Garden", "join Garden"]);
    expect(topology.orders).toEqual(["keep bob eve", "keep bob"]);
    expect(call.phase.get()).toEqual({ ...before, peerID: "me2" });
  });

  it("waits for the line where there is none yet", async () => {
    const { call, link, said } = visit([joined("me")]);
    link.set("connecting");
    await call.start();
    expect(said).toEqual([]);
    link.set("online");
    await settled();
    expect(call.phase.get().kind).toBe("joined");
  });

  it("ends where the server refuses", async () => {
    const { call, topology, said } = visit([{ ok: false, code: "not_admitted", message: "No." }]);
    await call.start();
    expect(call.phase.get()).toEqual({ kind: "refused", code: "not_admitted", message: "No." });
    expect(topology.orders).toEqual(["close"]);
    call.leave();
    expect(said).toEqual(["join Garden"]);
  });

  it("tells the server when one leaves, once", async () => {
    const { call, topology, said } = visit([joined("me")]);
    await call.start();
    call.leave();
    call.leave();
    expect(said).toEqual(["join Garden", "leave"]);
    expect(topology.orders.at(-1)).toBe("close");
    expect(call.phase.get().kind).toBe("left");
  });
});
