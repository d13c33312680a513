import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AddPeer } from "../../wire.gen";
import type { LocalTracks } from "../topology";
import { newMesh } from "./fake-mesh";
import { IceSource } from "./ice";
import { REPEAT_FIRST_MS } from "./mesh-peer";
import { RESTART_MS } from "./recovery";

const audio = { kind: "audio" } as MediaStreamTrack;
const video = { kind: "video" } as MediaStreamTrack;
const allOn: LocalTracks = {
  microphone: audio,
  camera: video,
  screens: [],
  on: { microphone: true, camera: true, screen: false },
};
const SECTIONS = "v=0\nm=audio 9 UDP\nm=video 9 UDP\n";
const CHANNEL = "m=application 9 UDP\n";

const settled = () => new Promise((resolve) => setTimeout(resolve));
const bob = (createOffer: boolean): AddPeer => ({
  peerID: "b1",
  peerUsername: "bob",
  createOffer,
});

let subject: ReturnType<typeof newMesh>;

beforeEach(() => {
  vi.stubGlobal("MediaStream", class extends EventTarget {});
  subject = newMesh();
});

afterEach(() => {
  vi.restoreAllMocks();
  subject.mesh.close();
  vi.unstubAllGlobals();
});

const tracks = () => subject.connection().transceivers.map(({ sender }) => sender.track);

describe("in a large call", () => {
  it("closes all connections, and makes those of which it hears meanwhile once it is small again", () => {
    subject.addPeer(bob(true));
    const former = subject.connection();
    subject.mesh.connect(false);
    expect(former.log).toContain("close");
    expect([subject.mesh.known(), subject.mesh.participants.get()]).toEqual([[], []]);
    subject.addPeer(bob(true));
    subject.addPeer({ ...bob(true), peerID: "c1", peerUsername: "cyd" });
    subject.removePeer("c1");
    expect(subject.connections.length).toBe(1);
    subject.mesh.connect(true);
    expect(subject.connections.length).toBe(2);
    expect(subject.mesh.known()).toEqual(["b1"]);
  });
});

describe("without media", () => {
  it("keeps connections and what they tell, and sends again without another negotiation", async () => {
    subject.addPeer(bob(true));
    const [channel] = subject.connection().channels;
    channel?.open();
    subject.mesh.publish(allOn);
    subject.mesh.sendMedia(false);
    await settled();
    expect(tracks()).toEqual([null, null]);
    expect(channel?.sent.at(-1)).toContain('"microphone":true,"camera":true');
    subject.mesh.sendMedia(true);
    await settled();
    expect(tracks()).toEqual([audio, video]);
    expect(subject.sent).toEqual([]);
  });

  it("opens connections with nothing in them, and notes what there is to send", async () => {
    subject.mesh.sendMedia(false);
    subject.mesh.publish(allOn);
    subject.addPeer(bob(true));
    await settled();
    expect(tracks()).toEqual([null, null]);
    subject.mesh.sendMedia(true);
    await settled();
    expect(tracks()).toEqual([audio, video]);
  });

  it("tells how much of a track has come", async () => {
    subject.addPeer(bob(true));
    const [, camera] = subject.connection().transceivers;
    const counted = new Map([
      ["1", { type: "inbound-rtp", kind: "video", framesDecoded: 7, packetsReceived: 90 }],
    ]);
    Object.assign(camera?.receiver ?? {}, { getStats: async () => counted });
    const track = camera?.receiver.track as MediaStreamTrack;
    expect(await subject.mesh.received("b1", track)).toBe(7);
    expect(await subject.mesh.received("b1", audio)).toBe(0);
    expect(await subject.mesh.received("nobody", track)).toBe(0);
  });
});

describe("towards somebody who is there already", () => {
  it("opens both sections and the channel at once, with tracks or without", () => {
    subject.addPeer(bob(true));
    const { transceivers, channels } = subject.connection();
    expect(transceivers.map(({ direction }) => direction)).toEqual(["sendrecv", "sendrecv"]);
    expect(tracks()).toEqual([null, null]);
    expect(channels.map(({ label, init }) => [label, init])).toEqual([
      ["state", { negotiated: true, id: 0 }],
    ]);
  });

  it("changes tracks without another negotiation", async () => {
    subject.addPeer(bob(true));
    subject.mesh.publish(allOn);
    await settled();
    expect(tracks()).toEqual([audio, video]);
    expect(subject.sent).toEqual([]);
  });
});

describe("towards a newcomer", () => {
  const offer = (sdp: string) =>
    subject.hear("session-description", {
      peerID: "b1",
      peerUsername: "bob",
      sessionDescription: { type: "offer", sdp },
    });

  it("waits for the offer and takes its place in it", async () => {
    subject.mesh.publish(allOn);
    subject.addPeer(bob(false));
    expect(subject.connection().transceivers).toEqual([]);
    offer(SECTIONS + CHANNEL);
    await settled();
    const { transceivers, channels } = subject.connection();
    expect(tracks()).toEqual([audio, video]);
    expect(transceivers.map(({ direction }) => direction)).toEqual(["sendrecv", "sendrecv"]);
    expect(transceivers.map(({ sender }) => sender.streams)).toEqual([1, 1]);
    expect(channels).toHaveLength(1);
    expect(subject.sent).toEqual(["answer to b1"]);
  });

  it("opens no channel that an older client did not offer", async () => {
    subject.addPeer(bob(false));
    offer(SECTIONS);
    await settled();
    expect(subject.connection().channels).toEqual([]);
    expect(subject.sent).toEqual(["answer to b1"]);
  });
});

describe("what one knows of a peer", () => {
  it("comes from what the peer tells of its devices", () => {
    subject.mesh.publish(allOn);
    subject.addPeer(bob(true));
    const on = () => {
      const { microphone, camera, screen } = subject.mesh.participants.get()[0]?.tracks ?? {};
      return [microphone?.on, camera?.on, screen?.on];
    };
    expect(on()).toEqual([null, null, null]);
    const [channel] = subject.connection().channels;
    channel?.open();
    expect(channel?.sent).toEqual([JSON.stringify({ ...allOn.on, screenMid: null, screens: [] })]);
    channel?.hear('{"microphone":false,"camera":true}');
    channel?.hear("nonsense");
    expect(on()).toEqual([false, true, false]);
  });

  it("tells a first connecting from a lost connection, which restarts ICE", async () => {
    subject.addPeer(bob(true));
    const link = () => subject.mesh.participants.get()[0]?.health.connection;
    expect(link()).toBe("connecting");
    subject.connection().change("connected");
    expect(link()).toBe("connected");
    subject.connection().change("failed");
    await settled();
    expect(link()).toBe("reconnecting");
    expect(subject.connection().log).toEqual(["restart"]);
    expect(subject.connection().configuration?.iceServers).toEqual([{ urls: "turn:fresh" }]);
  });
});

it("builds a peer anew that is introduced again, and drops who is gone", () => {
  const { mesh, connections, addPeer, begin, hear } = subject;
  addPeer(bob(true));
  addPeer(bob(true));
  expect(connections.map(({ log }) => log)).toEqual([["close"], []]);
  addPeer({ peerID: "e1", peerUsername: "eve", createOffer: true });
  begin("e1");
  expect(mesh.participants.get().map(({ username }) => username)).toEqual(["eve"]);
  hear("ice-candidate", { peerID: "b1", iceCandidate: { candidate: "late" } });
});

describe("a connection that cannot be healed", () => {
  const description = (type: "offer" | "answer", session: number) =>
    subject.hear("session-description", {
      peerID: "b1",
      peerUsername: "bob",
      sessionDescription: { type, sdp: `v=0\no=- ${session} 2 IN IP4 127.0.0.1\n${SECTIONS}` },
    });

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is replaced by the side that opened it", async () => {
    subject.addPeer(bob(true));
    subject.connection().change("connected");
    subject.connection().change("failed");
    await vi.advanceTimersByTimeAsync(RESTART_MS + 100);
    expect(subject.connections.map(({ log }) => log)).toEqual([["restart", "close"], []]);
    expect(subject.mesh.participants.get()).toMatchObject([
      { id: "b1", health: { connection: "reconnecting" } },
    ]);
  });

  it("takes no answer from the connection that the other side has given up", async () => {
    subject.addPeer(bob(true));
    subject.connection().negotiate();
    await vi.advanceTimersByTimeAsync(0);
    description("answer", 1);
    await vi.advanceTimersByTimeAsync(0);
    subject.connection().change("failed");
    await vi.advanceTimersByTimeAsync(RESTART_MS + 100);
    subject.connection().negotiate();
    await vi.advanceTimersByTimeAsync(0);
    description("answer", 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(subject.connection().signalingState).toBe("have-local-offer");
    description("answer", 2);
    await vi.advanceTimersByTimeAsync(0);
    expect(subject.connection().signalingState).toBe("stable");
  });

  it("is replaced where an offer comes from another connection of the other side", async () => {
    subject.addPeer(bob(false));
    description("offer", 1);
    await vi.advanceTimersByTimeAsync(0);
    description("offer", 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(subject.connections).toHaveLength(1);
    description("offer", 2);
    await vi.advanceTimersByTimeAsync(0);
    expect(subject.connections).toHaveLength(2);
    expect(subject.connections[0]?.log.at(-1)).toBe("close");
    expect(subject.connection().signalingState).toBe("stable");
    expect(subject.sent).toEqual(["answer to b1", "answer to b1", "answer to b1"]);
  });

  it("has its offer said again where messages were lost", async () => {
    subject.addPeer(bob(true));
    subject.connection().negotiate();
    await vi.advanceTimersByTimeAsync(0);
    subject.mesh.check("network-changed");
    expect(subject.sent).toEqual(["offer to b1"]);
    subject.mesh.check("signals-lost");
    expect(subject.sent).toEqual(["offer to b1", "offer to b1"]);
    subject.hear("signals-lost", { peerIDs: ["c1"] });
    expect(subject.sent).toHaveLength(2);
    subject.hear("signals-lost", { peerIDs: ["c1", "b1"] });
    expect(subject.sent).toEqual(["offer to b1", "offer to b1", "offer to b1"]);
  });
});

describe("while the server cannot pass signals on", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    subject.mesh.close();
    subject = newMesh();
    vi.spyOn(Math, "random").mockReturnValue(0.5);
  });
  afterEach(() => void vi.useRealTimers());

  const refused = (code: string) =>
    subject.hear("refused", { event: "offer-ice", code, message: "" });

  it("sends an offer again", async () => {
    subject.addPeer(bob(true));
    subject.connection().negotiate();
    await vi.advanceTimersByTimeAsync(0);
    subject.refusals.at(-1)?.("unavailable");
    await vi.advanceTimersByTimeAsync(500);
    expect(subject.sent).toEqual(["offer to b1", "offer to b1"]);
    subject.refusals.at(-1)?.("unavailable");
    subject.removePeer("b1");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(subject.sent).toHaveLength(2);
  });

  it("sends candidates again of those who are not connected, less and less often", async () => {
    const { addPeer, connection, candidates } = subject;
    addPeer({ peerID: "e1", peerUsername: "eve", createOffer: true });
    connection().gather("of eve");
    connection().change("connected");
    addPeer(bob(true));
    connection().gather("of bob");
    candidates.length = 0;
    for (const code of ["unavailable", "unavailable", "rate_limited", "invalid_payload"])
      refused(code);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(candidates).toEqual(["of bob to b1"]);
    refused("peer_busy");
    await vi.advanceTimersByTimeAsync(1_900);
    expect(candidates).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(candidates).toHaveLength(2);
    refused("rate_limited");
    refused("invalid_payload");
    await vi.advanceTimersByTimeAsync(16_000);
    expect(candidates).toHaveLength(2);
    refused("unavailable");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(candidates).toHaveLength(3);
  });

  it("sends a first offer again that is not answered: it may be lost with a server that died", async () => {
    subject.addPeer(bob(true));
    subject.connection().negotiate();
    await vi.advanceTimersByTimeAsync(REPEAT_FIRST_MS - 1_000);
    expect(subject.sent).toEqual(["offer to b1"]);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(subject.sent).toEqual(["offer to b1", "offer to b1"]);
  });

  it("sends none while its own line is down", async () => {
    subject.addPeer(bob(true));
    subject.connection().negotiate();
    subject.line.up = false;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(subject.sent).toEqual(["offer to b1"]);
  });
});

describe("towards somebody to whom no way is found", () => {
  const unreachable = () => subject.mesh.participants.get()[0]?.health.unreachable;

  beforeEach(() => {
    vi.useFakeTimers();
    subject.mesh.close();
    subject = newMesh();
  });
  afterEach(() => void vi.useRealTimers());

  it("says so after 20 seconds, while connections replace each other, until one stands", async () => {
    subject.addPeer(bob(true));
    subject.connection().change("connecting");
    await vi.advanceTimersByTimeAsync(15_000);
    subject.connection().change("failed");
    await vi.advanceTimersByTimeAsync(4_500);
    expect(unreachable()).toBeNull();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(unreachable()).toEqual({ relay: false });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(subject.connections.length).toBeGreaterThan(2);
    expect(unreachable()).toEqual({ relay: false });
    subject.connection().change("connected");
    expect(unreachable()).toBeNull();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(unreachable()).toBeNull();
  });

  it("tries again where the first attempt neither stands nor fails", async () => {
    subject.addPeer(bob(true));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(subject.connections.length).toBeGreaterThan(1);
  });

  it("counts anew from where a connection that stood was lost", async () => {
    subject.addPeer(bob(false));
    subject.connection().change("connected");
    await vi.advanceTimersByTimeAsync(60_000);
    subject.connection().change("disconnected");
    await vi.advanceTimersByTimeAsync(19_000);
    expect(unreachable()).toBeNull();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(unreachable()).toEqual({ relay: false });
  });

  it("knows of a relay that the server names", async () => {
    subject.configuration.iceServers = [{ urls: ["stun:a.example", "turn:a.example"] }];
    subject.addPeer(bob(true));
    await vi.advanceTimersByTimeAsync(20_500);
    expect(unreachable()).toEqual({ relay: true, fault: "silent" });
  });

  it("says nothing of them while our own line to the server is down", async () => {
    subject.addPeer(bob(true));
    subject.line.up = false;
    await vi.advanceTimersByTimeAsync(20_500);
    expect(unreachable()).toBeNull();
    subject.line.up = true;
    await vi.advanceTimersByTimeAsync(500);
    expect(unreachable()).toEqual({ relay: false });
  });
});

describe("when credentials are about to expire", () => {
  const relayed = (candidateType: string) => async () =>
    new Map<string, unknown>([
      ["transport", { type: "transport", selectedCandidatePairId: "pair" }],
      ["pair", { type: "candidate-pair", localCandidateId: "local" }],
      ["local", { type: "local-candidate", candidateType }],
    ]);

  it("gives new ones to all, and another relay to those who use one, while the old one still works", async () => {
    vi.useFakeTimers();
    subject.mesh.close();
    subject = newMesh();
    subject.addPeer(bob(true));
    subject.addPeer({ peerID: "e1", peerUsername: "eve", createOffer: true });
    const [direct, overRelay] = subject.connections;
    if (!direct || !overRelay) throw new Error("two connections");
    for (const connection of subject.connections) connection.change("connected");
    direct.getStats = relayed("host");
    overRelay.getStats = relayed("relay");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(direct.configuration).toBeNull();
    subject.credentials.areDue = true;
    await vi.advanceTimersByTimeAsync(1_000);
    for (const { configuration } of subject.connections) {
      expect(configuration).toEqual(subject.credentials.renewed);
    }
    expect(subject.connections.map(({ log }) => log)).toEqual([[], ["restart"]]);
    vi.useRealTimers();
  });

  it("counts the time of those in use, also where a reconnect has brought new ones", async () => {
    vi.useFakeTimers();
    subject.mesh.close();
    const ice = new IceSource(() => Promise.reject(new Error("not asked for")));
    ice.take({ iceServers: [{ urls: ["turn:old.example"] }], ttl: 20 });
    subject = newMesh("", ice);
    subject.addPeer(bob(true));
    subject.connection().change("connected");
    subject.connection().getStats = relayed("relay");
    await vi.advanceTimersByTimeAsync(9_000);
    ice.take({ iceServers: [{ urls: ["turn:new.example"] }], ttl: 20 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(subject.connection().configuration?.iceServers).toEqual([
      { urls: ["turn:new.example"] },
    ]);
    expect(subject.connection().log).toEqual(["restart"]);
    vi.useRealTimers();
  });

  it("leaves connections alone where there are none to be had", async () => {
    vi.useFakeTimers();
    subject.mesh.close();
    subject = newMesh();
    subject.addPeer(bob(true));
    subject.credentials.renewed = null;
    subject.credentials.areDue = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(subject.connection().configuration).toBeNull();
    vi.useRealTimers();
  });
});

describe("where this computer's network may have changed", () => {
  const received = (count: () => number) => async () =>
    new Map<string, unknown>([["P", { type: "candidate-pair", bytesReceived: count() }]]);

  beforeEach(() => {
    vi.useFakeTimers();
    subject.mesh.close();
    subject = newMesh();
    for (const peerID of ["b1", "e1"]) {
      subject.addPeer({ peerID, peerUsername: peerID, createOffer: true });
      subject.connection().change("connected");
    }
  });
  afterEach(() => void vi.useRealTimers());

  it("restarts ICE for all connections where it has, with credentials that hold", async () => {
    subject.mesh.check("network-changed");
    await vi.advanceTimersByTimeAsync(1);
    expect(subject.connections.map(({ log }) => log)).toEqual([["restart"], ["restart"]]);
    expect(subject.connection().configuration?.iceServers).toEqual([{ urls: "turn:fresh" }]);
  });

  it("restarts ICE for those over which nothing comes where it is in doubt", async () => {
    const [silent, lively] = subject.connections;
    if (!silent || !lively) throw new Error("two connections");
    let heard = 0;
    silent.getStats = received(() => 7);
    lively.getStats = received(() => heard++);
    subject.mesh.check("may-be-broken");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(subject.connections.map(({ log }) => log)).toEqual([["restart"], []]);
  });
});

describe("towards people who do harm", () => {
  const named = (fingerprint: string, origin = 1) =>
    `v=0\no=- ${origin} 2 IN IP4 127.0.0.1\na=fingerprint:sha-256 ${fingerprint}\n`;
  const receives = (sdp: string, type: "offer" | "answer" = "offer") =>
    subject.hear("session-description", {
      peerID: "b1",
      peerUsername: "bob",
      sessionDescription: { type, sdp },
    });
  const alarm = () => subject.mesh.participants.get()[0]?.codeChanged;
  const stands = async () => {
    subject.addPeer(bob(false));
    receives(named("AA"));
    await settled();
    subject.connection().change("connected");
  };

  it("builds a bounded number of connections, and none for who is gone again", () => {
    vi.spyOn(performance, "now").mockReturnValue(0); // else a slow machine gives time for another one
    for (let number = 0; number < 500; number++) {
      subject.addPeer({
        peerID: `p${number}`,
        peerUsername: "x".repeat(9_999),
        createOffer: true,
      });
    }
    expect(subject.connections.length).toBeLessThanOrEqual(16);
    expect(subject.mesh.known().length).toBe(64);
    expect(subject.mesh.participants.get()[0]?.username.length).toBeLessThan(100);
    subject.begin();
    expect(subject.mesh.known()).toEqual([]);
  });

  it("does not follow a peer that replaces its connection all the time", async () => {
    await stands();
    for (let origin = 2; origin < 200; origin++) receives(named("AA", origin));
    expect(subject.connections.length).toBeLessThanOrEqual(4);
    expect(subject.mesh.known()).toEqual(["b1"]);
  });

  it("keeps few of the messages that come before the connection is built", async () => {
    await stands();
    for (let origin = 2; origin < 30; origin++) receives(named("AA", origin));
    for (let number = 0; number < 5_000; number++) {
      subject.hear("ice-candidate", {
        peerID: "b1",
        iceCandidate: { candidate: `candidate:${number}` },
      });
    }
    await settled();
    expect(subject.connections.every(({ candidates }) => candidates.length <= 100)).toBe(true);
  });

  it("raises no alarm where the certificate stays, however often the connection is replaced", async () => {
    await stands();
    receives(named("AA"));
    receives(named("AA", 2));
    await settled();
    subject.connection().change("connected");
    subject.removePeer("b1");
    await stands();
    expect(alarm()).toBe(false);
  });

  it.each([
    ["in a renegotiation", () => receives(named("BB"))],
    ["with a second one beside it", () => receives(`${named("AA")}a=fingerprint:sha-256 BB\n`)],
    ["in an answer that nobody asked for", () => receives(named("BB"), "answer")],
    ["with another connection in its place", () => receives(named("BB", 2))],
  ])("raises a lasting alarm where another certificate comes %s", async (_, change) => {
    await stands();
    expect(alarm()).toBe(false);
    change();
    await settled();
    expect(alarm()).toBe(true);
    const first = subject.connections[0]?.remoteDescription?.sdp;
    expect(first).toBe(named("AA"));
    receives(named("AA", 3));
    await settled();
    expect(alarm()).toBe(true);
  });

  it("remembers the certificate of one who was said to have left", async () => {
    await stands();
    subject.removePeer("b1");
    subject.addPeer(bob(false));
    receives(named("BB"));
    await settled();
    expect(alarm()).toBe(true);
  });
});

it("shows who records, as the server says: when they begin, to who comes, and to who comes back", () => {
  const { mesh, hear, addPeer } = newMesh();
  const recorders = () =>
    mesh.participants
      .get()
      .filter(({ records }) => records)
      .map(({ id }) => id);
  const bob = { peerID: "bob", peerUsername: "bob" };
  hear("peer-recording", { peerID: "bob", recording: true });
  mesh.enter({ continuity: "new", others: [bob] });
  addPeer({ ...bob, createOffer: true });
  expect(recorders()).toEqual(["bob"]);
  hear("peer-recording", { peerID: "bob", recording: false });
  expect(recorders()).toEqual([]);
  mesh.enter({ continuity: "resumed", others: [{ ...bob, recording: true }] });
  expect(recorders()).toEqual(["bob"]);
  mesh.enter({ continuity: "resumed", others: [bob] });
  expect(recorders()).toEqual([]);
});
