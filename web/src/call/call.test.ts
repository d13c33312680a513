import { describe, expect, it } from "vitest";
import type { LinkState } from "../signaling";
import { Store } from "../store";
import type { Acknowledgements, Join, Joined, ServerEvents } from "../wire.gen";
import { Call } from "./call";
import { Chat } from "./chat";
import { LocalMedia } from "./media";
import { IceSource } from "./mesh/ice";
import type { Letter } from "./outbox";
import type { MediaTopology, RemotePeer } from "./topology";
import { VisitRecord } from "./visit-record";

/** Writes down its orders. */
class NotedTopology implements MediaTopology {
  readonly peers = new Store<readonly RemotePeer[]>([]);
  readonly orders: string[] = [];
  addPeer = ({ peerID }: { peerID: string }) => void this.orders.push(`add ${peerID}`);
  removePeer = ({ peerID }: { peerID: string }) => void this.orders.push(`remove ${peerID}`);
  keepOnly = (ids: ReadonlySet<string>) => void this.orders.push(`keep ${[...ids].join(" ")}`);
  rename = () => {};
  receiveDescription = () => void this.orders.push("description");
  receiveCandidate = () => void this.orders.push("candidate");
  known = () => ["bob", "eve"];
  check = ({ messagesLost }: { messagesLost: boolean }) =>
    void this.orders.push(messagesLost ? "check all" : "check");
  publish = () => {};
  close = () => void this.orders.push("close");
}

function visit(answers: Acknowledgements["join"][]) {
  const link = new Store<LinkState>("online");
  const listeners = new Map<string, (payload: never) => void>();
  const said: string[] = [];
  const claims: Join[] = [];
  const letters: Letter[] = [];
  const topology = new NotedTopology();
  const record = new VisitRecord((letter) => letters.push(letter));
  let networkChanged = () => {};
  const call = new Call({
    room: "Garden",
    topology,
    record,
    watchNetwork: (changed) => {
      networkChanged = changed;
      return () => {};
    },
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
      join: (claim, answered) => {
        said.push(`join ${claim.room}`);
        claims.push(claim);
        answered(answers.shift() ?? { ok: false, code: "gone", message: "Gone." });
      },
      check: () => void said.push("check"),
      leave: () => void said.push("leave"),
      on: (event, listener) => {
        listeners.set(event, listener as never);
        return () => listeners.delete(event);
      },
    },
  });
  const hear = <E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]) =>
    listeners.get(event)?.(payload as never);
  return {
    call,
    topology,
    link,
    said,
    claims,
    letters,
    record,
    hear,
    change: () => networkChanged(),
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

const ice = (candidate: string): Letter => ({
  event: "offer-ice",
  payload: { peerID: "bob", iceCandidate: { candidate } },
});

describe("Call", () => {
  it("joins and passes on whom the server introduces", async () => {
    const { call, topology, hear } = visit([joined("me", "bob")]);
    await call.start();
    hear("add-peer", { peerID: "bob", peerUsername: "bob", createOffer: true });
    hear("remove-peer", { peerID: "bob", peerUsername: "bob" });
    expect(call.phase.get()).toMatchObject({ kind: "joined", peerID: "me" });
    expect(topology.orders).toEqual(["add bob", "remove bob"]);
  });

  it("keeps its peers while the line is down and takes up its visit after", async () => {
    const { call, topology, link, claims, letters, record, hear } = visit([
      joined("me", "bob", "eve"),
      { ...joined("me", "bob"), resumed: true, received: 1 },
    ]);
    await call.start();
    hear("add-peer", { peerID: "bob", peerUsername: "bob", createOffer: true });
    const before = call.phase.get();
    for (const candidate of ["one", "two"]) record.outbox.post(ice(candidate));
    link.set("connecting");
    record.outbox.post(ice("three"));
    expect(call.phase.get().kind).toBe("rejoining");
    expect(letters).toEqual([ice("one"), ice("two")]);
    link.set("online");
    expect(claims).toEqual([
      { room: "Garden", resumable: true },
      {
        room: "Garden",
        resumable: true,
        resume: "token of me",
        known: ["bob", "eve"],
        received: 1,
      },
    ]);
    expect(letters.slice(2)).toEqual([ice("two"), ice("three")]);
    expect(topology.orders).toEqual(["add bob", "check"]);
    expect(call.phase.get()).toEqual(before);
  });

  it("mends what may be lost where the server has forgotten how far we were", async () => {
    const { call, topology, link } = visit([
      joined("me", "bob"),
      { ...joined("me"), resumed: true, received: null },
    ]);
    await call.start();
    link.set("connecting");
    link.set("online");
    expect(topology.orders).toEqual(["check all"]);
  });

  it("drops who is not there any more where a new visit had to begin", async () => {
    const { call, topology, link } = visit([joined("me", "bob", "eve"), joined("me2", "bob")]);
    await call.start();
    link.set("connecting");
    link.set("online");
    expect(topology.orders).toEqual(["keep bob"]);
    expect(call.phase.get()).toMatchObject({ kind: "joined", peerID: "me2" });
  });

  it("looks after line and peers when the network changes", async () => {
    const { call, topology, said, change } = visit([joined("me")]);
    await call.start();
    change();
    expect(said).toEqual(["join Garden", "check"]);
    expect(topology.orders).toEqual(["check"]);
  });

  it("begins anew where a page that was put away comes back", async () => {
    const { call, said, claims, change } = visit([joined("me"), joined("me2")]);
    await call.start();
    call.suspend();
    change();
    expect(said).toEqual(["join Garden", "leave", "check", "join Garden"]);
    expect(claims[1]).toEqual({ room: "Garden", resumable: true });
  });

  it("waits for the line where there is none yet", async () => {
    const { call, link, said } = visit([joined("me")]);
    link.set("connecting");
    await call.start();
    expect(said).toEqual([]);
    link.set("online");
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

  it("is not refused by a server that is in trouble", async () => {
    const { call } = visit([{ ok: false, code: "unavailable", message: "Later." }]);
    await call.start();
    expect(call.phase.get().kind).toBe("joining");
    call.leave();
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
