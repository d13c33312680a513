import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newMesh } from "./fake-mesh";
import { UNREACHABLE_MS } from "./mesh-peer";
import { MAX_PREPARED } from "./prepared-peers";

const settled = () => new Promise((resolve) => setTimeout(resolve));
const peers = (...peerIDs: string[]) => peerIDs.map((peerID) => ({ peerID, peerUsername: peerID }));

let subject: ReturnType<typeof newMesh>;

beforeEach(() => {
  vi.stubGlobal("MediaStream", class extends EventTarget {});
  subject = newMesh();
});

afterEach(() => {
  vi.useRealTimers();
  subject.mesh.close();
  vi.unstubAllGlobals();
});

/** Prepares connections, with offers that are ready. */
async function prepare(...peerIDs: string[]) {
  const before = subject.connections.length;
  subject.mesh.prepare(peers(...peerIDs));
  for (const connection of subject.connections.slice(before)) connection.negotiate();
  await settled();
}

function enter(others: string[], offered: string[]) {
  subject.mesh.enter({ continuity: "new", others: peers(...others), offered });
  for (const peerID of others) {
    subject.addPeer({ peerID, peerUsername: peerID, createOffer: true });
  }
}

const shown = () => subject.mesh.participants.get().map(({ id }) => id);
const taken = () => subject.mesh.takeOffers().map(({ peerID }) => peerID);
const closed = () => subject.connections.map(({ log }) => log.includes("close"));
const answer = (peerID: string) =>
  subject.hear("session-description", {
    peerID,
    peerUsername: peerID,
    sessionDescription: { type: "answer", sdp: "v=0\n" },
  });

describe("connections that are prepared before the join", () => {
  it("send nothing, are shown nowhere, and give their offers to the join", async () => {
    await prepare("bob", "eve");
    subject.connection().gather("candidate:early");
    expect(shown()).toEqual([]);
    expect(taken()).toEqual(["bob", "eve"]);
    expect(subject.sent).toEqual([]);
    expect(subject.candidates).toEqual([]);
  });

  it("become the connections of the call where their offers were passed on", async () => {
    await prepare("bob");
    subject.mesh.takeOffers();
    subject.connection().gather("candidate:late");
    enter(["bob"], ["bob"]);
    expect(shown()).toEqual(["bob"]);
    expect(subject.candidates).toEqual(["candidate:late to bob"]);
    subject.connection().gather("candidate:later");
    expect(subject.candidates).toEqual(["candidate:late to bob", "candidate:later to bob"]);
    answer("bob");
    await settled();
    expect(subject.connection().log).toEqual(["local offer", "remote answer"]);
    expect(subject.connections).toHaveLength(1);
    expect(subject.sent).toEqual([]);
  });

  it("are made anew where the peer got no offer", async () => {
    await prepare("bob");
    subject.mesh.takeOffers();
    subject.connection().gather("candidate:late");
    enter(["bob"], []);
    expect(closed()).toEqual([true, false]);
    subject.connection().negotiate();
    await settled();
    expect(subject.sent).toEqual(["offer to bob"]);
    expect(subject.candidates).toEqual([]);
  });

  it("are dropped for those who have gone; those who came get a connection as ever", async () => {
    await prepare("bob", "eve");
    subject.mesh.takeOffers();
    enter(["eve", "kim"], ["eve"]);
    expect(closed()).toEqual([true, false, false]);
    expect(shown()).toEqual(["eve", "kim"]);
  });

  it("are left out of the join where the offer is not ready", async () => {
    subject.mesh.prepare(peers("bob"));
    expect(taken()).toEqual([]);
    enter(["bob"], []);
    expect(closed()).toEqual([true, false]);
  });

  it("follow who is in: the newest, and no more than a bounded number", async () => {
    await prepare("bob");
    const many = Array.from({ length: MAX_PREPARED + 1 }, (_, number) => `peer ${number}`);
    await prepare("bob", ...many);
    expect(closed()).toEqual([true, ...many.slice(1).map(() => false)]);
    expect(taken()).toEqual(many.slice(1));
    await prepare();
    expect(closed()).not.toContain(false);
  });

  it("send the tracks that are there at the join", async () => {
    await prepare("bob");
    const track = { kind: "audio" } as MediaStreamTrack;
    subject.mesh.publish({
      microphone: track,
      camera: null,
      screens: [],
      on: { microphone: true, camera: false, screen: false },
    });
    await settled();
    expect(subject.connection().transceivers.map(({ sender }) => sender.track)).toEqual([
      track,
      null,
    ]);
  });

  it("count their time from the join, and do not heal before it", async () => {
    vi.useFakeTimers();
    subject.mesh.close();
    subject = newMesh();
    subject.mesh.prepare(peers("bob"));
    subject.connection().negotiate();
    await vi.advanceTimersByTimeAsync(UNREACHABLE_MS * 3);
    subject.mesh.takeOffers();
    enter(["bob"], ["bob"]);
    await vi.advanceTimersByTimeAsync(UNREACHABLE_MS / 2);
    expect(subject.mesh.participants.get()[0]?.health.unreachable).toBeNull();
    expect(subject.connection().log).toEqual(["local offer"]);
    await vi.advanceTimersByTimeAsync(UNREACHABLE_MS);
    expect(subject.mesh.participants.get()[0]?.health.unreachable).not.toBeNull();
  });

  it("are built anew by a second introduction, as every connection", async () => {
    await prepare("bob");
    subject.mesh.takeOffers();
    enter(["bob"], ["bob"]);
    subject.addPeer({ peerID: "bob", peerUsername: "bob", createOffer: true });
    expect(closed()).toEqual([true, false]);
  });

  it("are built anew after a loss that may have taken their introduction", async () => {
    await prepare("bob");
    subject.mesh.takeOffers();
    subject.mesh.enter({ continuity: "new", others: peers("bob"), offered: ["bob"] });
    subject.mesh.enter({ continuity: "resumed-with-losses", others: peers("bob") });
    subject.addPeer({ peerID: "bob", peerUsername: "bob", createOffer: true });
    expect(closed()).toEqual([true, false]);
  });
});
