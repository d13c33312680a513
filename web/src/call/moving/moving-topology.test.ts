import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EpochSecrets } from "../e2ee/epoch-secrets";
import { MemberKeys } from "../e2ee/member-keys";
import { windowOf } from "../health/fake-window";
import { MISSED_AFTER_MS } from "../sfu/members";
import { LINES_WHILE_MOVING } from "../sfu/sfu-topology";
import { type LocalTracks, NO_LOCAL_TRACKS } from "../topology";
import { flowing, move, newMoving, nothing, shown, withMedia } from "./fake-paths";
import { AGAIN_AFTER_MS, LOST_AFTER_MS, RECEIVING_WITHIN_MS } from "./move-reports";
import { KEPT_MS, LINGER_MS, LOWEST_AFTER_MS, OPEN_MS, UNLED_MS } from "./moving-topology";

let subject: ReturnType<typeof newMoving>;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const ours: LocalTracks = { ...NO_LOCAL_TRACKS, on: { ...NO_LOCAL_TRACKS.on, camera: true } };
const cameraOf = (id: string) =>
  subject.topology.participants.get().find((one) => one.id === id)?.tracks.camera.track;

beforeEach(() => {
  vi.useFakeTimers();
  subject = newMoving();
  subject.topology.publish(ours);
});

afterEach(() => {
  subject.topology.close();
  vi.useRealTimers();
});

describe("a call that never moves", () => {
  it("shows what the mesh shows, the very same list", () => {
    const participants = [withMedia("bob")];
    subject.mesh.participants.set(participants);
    expect(subject.topology.participants.get()).toBe(participants);
    expect(subject.reports).toEqual([]);
    expect(subject.mesh.isSending).toBe(true);
  });
});

describe("a move to an SFU", () => {
  it("sends and gets by both ways until shortly after it is settled, and leaves the mesh its channels", async () => {
    const { mesh, moveTo, topology } = subject;
    subject.enter({}, "bob");
    topology.wish("bob", { camera: 720 });
    moveTo("1-1");
    const sfu = subject.sfu();
    expect([sfu.token, sfu.local, sfu.entered[0]]).toEqual(["token of 1-1", ours, "bob"]);
    expect(sfu.wishes.get("bob")).toEqual({ camera: 720 });
    expect([mesh.isSending, sfu.mostLines]).toEqual([true, LINES_WHILE_MOVING]);
    moveTo("1-1", { settled: true });
    expect([mesh.isSending, sfu.mostLines]).toEqual([true, null]);
    await pass(LINGER_MS);
    expect([mesh.isSending, mesh.isClosed]).toEqual([false, false]);
  });

  it("shows each picture by the new way as soon as it has been decoded", async () => {
    const bob = withMedia("bob");
    subject.mesh.participants.set([bob]);
    subject.topology.wish("bob", { camera: 360 });
    subject.moveTo("1-1");
    const there = withMedia("bob");
    subject.sfu().opens();
    subject.sfu().participants.set([there]);
    await pass(300);
    expect(cameraOf("bob")).toBe(bob.tracks.camera.track);
    subject.sfu().come.set(there.tracks.camera.track as MediaStreamTrack, 1);
    await pass(300);
    expect(cameraOf("bob")).toBe(there.tracks.camera.track);
    expect(subject.reports).toEqual(["1-1 published"]);
  });

  it("shows by the new way alone once it is settled, whatever has come", () => {
    subject.mesh.participants.set([withMedia("bob")]);
    subject.moveTo("1-1");
    const there = withMedia("bob");
    subject.sfu().participants.set([there]);
    subject.moveTo("1-1", { settled: true });
    expect(cameraOf("bob")).toBe(there.tracks.camera.track);
  });

  it("changes nobody's place", () => {
    subject.mesh.participants.set([withMedia("bob"), withMedia("carl")]);
    subject.moveTo("1-1");
    subject.sfu().participants.set([withMedia("carl"), withMedia("bob")]);
    expect(subject.topology.participants.get().map(({ id }) => id)).toEqual(["bob", "carl"]);
  });

  it("says when all of ours is out, and when all that is shown has been decoded", async () => {
    const bob = withMedia("bob");
    subject.mesh.participants.set([bob]);
    subject.topology.wish("bob", { camera: 360 });
    subject.moveTo("1-1");
    const sfu = subject.sfu();
    await pass(300);
    expect(subject.reports).toEqual([]);
    sfu.opens();
    const there = withMedia("bob");
    sfu.participants.set([there]);
    await pass(300);
    expect(subject.reports).toEqual(["1-1 published"]);
    for (const { track } of [there.tracks.camera, there.tracks.microphone]) {
      if (track) sfu.come.set(track, 1);
    }
    await pass(300);
    expect(subject.reports).toEqual(["1-1 published", "1-1 receiving"]);
  });

  it("waits for nothing that is off or out of sight, and never for long", async () => {
    const off = { ...nothing, on: false };
    const bob = shown("bob", { tracks: { microphone: off, camera: flowing(), screen: nothing } });
    subject.mesh.participants.set([bob]);
    subject.topology.wish("bob", { camera: 0 });
    subject.moveTo("1-1");
    subject.sfu().opens();
    await pass(300);
    expect(subject.reports).toContain("1-1 receiving");
    subject.topology.wish("bob", { camera: 360 });
    subject.moveTo("1-2");
    subject.sfu().opens();
    await pass(RECEIVING_WITHIN_MS - 500);
    expect(subject.reports).not.toContain("1-2 receiving");
    await pass(1_000);
    expect(subject.reports).toContain("1-2 receiving");
  });
});

it("stays with the mesh while nobody tells how to reach the SFU", async () => {
  const bob = withMedia("bob");
  subject.mesh.participants.set([bob]);
  for (const settled of [false, true]) {
    const { url: _, token: __, ...nowhere } = move("1-1", { settled });
    subject.hear("topology", nowhere);
    expect(subject.mesh.isSending).toBe(true);
    const [shown] = subject.topology.participants.get();
    expect(shown?.tracks.camera).toEqual(bob.tracks.camera);
  }
  subject.moveTo("1-1", { settled: true });
  await pass(LINGER_MS);
  expect(subject.mesh.isSending).toBe(false);
});

describe("a way that is left", () => {
  it("is not sent to any more, and is closed later", async () => {
    subject.moveTo("1-1", { settled: true });
    const sfu = subject.sfu();
    subject.moveTo("1-2", { kind: "mesh" });
    expect([subject.mesh.isSending, sfu.local]).toEqual([true, ours]);
    subject.moveTo("1-2", { kind: "mesh", settled: true });
    await pass(LINGER_MS);
    expect([sfu.local, sfu.isClosed]).toEqual([NO_LOCAL_TRACKS, false]);
    await pass(KEPT_MS);
    expect(sfu.isClosed).toBe(true);
  });

  it("counts what has come by the mesh since the move alone", async () => {
    const bob = withMedia("bob");
    const tracks = [bob.tracks.camera.track, bob.tracks.microphone.track];
    subject.mesh.participants.set([bob]);
    subject.topology.wish("bob", { camera: 360 });
    for (const track of tracks) if (track) subject.mesh.come.set(track, 500);
    subject.moveTo("1-1", { settled: true });
    subject.moveTo("1-2", { kind: "mesh" });
    await pass(1_000);
    expect(subject.reports).toEqual(["1-2 published"]);
    for (const track of tracks) if (track) subject.mesh.come.set(track, 501);
    await pass(300);
    expect(subject.reports).toEqual(["1-2 published", "1-2 receiving"]);
  });
});

describe("an SFU that is lost", () => {
  it("is told again and again until another token opens it", async () => {
    subject.moveTo("1-1");
    subject.sfu().state.set("failed");
    await pass(0);
    expect(subject.reports).toEqual(["1-1 failed"]);
    await pass(AGAIN_AFTER_MS);
    expect(subject.reports).toEqual(["1-1 failed", "1-1 failed"]);
    const former = subject.sfu();
    subject.moveTo("1-1", { token: "another" });
    expect(former.isClosed).toBe(true);
    expect(subject.sfu().token).toBe("another");
    await pass(3 * AGAIN_AFTER_MS);
    expect(subject.reports.filter((report) => report.endsWith("failed"))).toHaveLength(2);
  });

  it("is told after a while, and is found again where it comes back by itself", async () => {
    subject.moveTo("1-1");
    subject.sfu().opens();
    await pass(RECEIVING_WITHIN_MS + 500);
    subject.reports.length = 0;
    subject.sfu().state.set("reconnecting");
    await pass(LOST_AFTER_MS - 100);
    expect(subject.reports).toEqual([]);
    await pass(200);
    expect(subject.reports).toEqual(["1-1 failed"]);
    subject.sfu().state.set("connected");
    expect(subject.reports).toEqual(["1-1 failed", "1-1 published", "1-1 receiving"]);
  });

  it("with a token that is told twice is opened once", () => {
    subject.moveTo("1-1");
    subject.moveTo("1-1");
    expect(subject.sfus).toHaveLength(1);
  });
});

describe("a join", () => {
  it("in a call on an SFU opens it, and sends nothing by the mesh", () => {
    subject.enter({ move: move("1-1", { settled: true }) }, "bob");
    expect(subject.mesh.isSending).toBe(false);
    expect(subject.sfu().entered.at(-1)).toBe("bob");
  });

  it("that goes on keeps the connection, and tells again how far it is", async () => {
    subject.moveTo("1-1");
    subject.sfu().opens();
    await pass(500);
    subject.reports.length = 0;
    subject.enter({ continuity: "resumed", move: move("1-1", { settled: true }) }, "bob");
    expect(subject.sfus).toHaveLength(1);
    expect(subject.reports).toEqual(["1-1 published", "1-1 receiving"]);
  });

  it("as somebody new needs a connection of its own", () => {
    subject.moveTo("1-1", { settled: true });
    const former = subject.sfu();
    subject.enter({ move: move("1-1", { settled: true, token: "new" }) }, "bob");
    expect(former.isClosed).toBe(true);
    expect(subject.sfu().token).toBe("new");
  });

  it("in a call of which nothing is said goes back to the mesh, without a gap", async () => {
    const bob = withMedia("bob");
    subject.moveTo("1-1", { settled: true });
    const [sfu, there] = [subject.sfu(), withMedia("bob")];
    sfu.participants.set([there]);
    subject.mesh.participants.set([bob]);
    subject.enter({ continuity: "resumed-with-losses" }, "bob");
    expect([subject.mesh.isSending, sfu.local]).toEqual([true, ours]);
    expect(cameraOf("bob")).toBe(there.tracks.camera.track);
    subject.topology.wish("bob", { camera: 360 });
    await pass(100);
    for (const { track } of [bob.tracks.camera, bob.tracks.microphone]) {
      if (track) subject.mesh.come.set(track, 1);
    }
    await pass(500);
    expect(cameraOf("bob")).toBe(bob.tracks.camera.track);
    expect(sfu.local).toBe(ours);
    await pass(UNLED_MS + LINGER_MS);
    expect(sfu.local).toBe(NO_LOCAL_TRACKS);
  });

  it("in a call that moves on before it has come to the mesh keeps all ways", async () => {
    subject.moveTo("1-1", { settled: true });
    const former = subject.sfu();
    subject.enter({ continuity: "resumed-with-losses" }, "bob");
    subject.moveTo("2-1");
    await pass(2 * UNLED_MS);
    expect([subject.mesh.isSending, former.local, subject.sfu().local]).toEqual([true, ours, ours]);
    subject.moveTo("2-1", { settled: true });
    await pass(LINGER_MS);
    expect([subject.mesh.isSending, former.local]).toEqual([false, NO_LOCAL_TRACKS]);
  });
});

describe("gestures", () => {
  it("go over the channels of the mesh, and through the SFU where there are none", () => {
    subject.moveTo("1-1", { settled: true });
    subject.topology.gesture({ kind: "hand", number: 2 });
    expect(subject.mesh.gestures).toHaveLength(1);
    expect(subject.sfu().gestures).toHaveLength(0);
    subject.moveTo("1-1", { settled: true, channels: false });
    expect(subject.sfu().gestures).toEqual([{ kind: "hand", number: 2 }]);
  });

  it("are heard from both ways", () => {
    const heard: string[] = [];
    subject.topology.followGestures({
      reacted: (id) => heard.push(id),
      askedToLower() {},
    });
    subject.moveTo("1-1");
    subject.mesh.gestureListener.reacted("bob", "heart");
    subject.sfu().gestureListener.reacted("carl", "heart");
    expect(heard).toEqual(["bob", "carl"]);
  });
});

it("measures the way that is in use", () => {
  const measured: string[] = [];
  subject.topology.followHealth((id) => measured.push(id));
  subject.mesh.healthListener("by the mesh", windowOf({}));
  subject.moveTo("1-1");
  subject.mesh.healthListener("too late", windowOf({}));
  subject.sfu().healthListener("by the SFU", windowOf({}));
  expect(measured).toEqual(["by the mesh", "by the SFU"]);
});

it("tells that pictures are as small as they can be, once that lasts", async () => {
  subject.mesh.isLowest.set(true);
  await pass(LOWEST_AFTER_MS - 100);
  subject.mesh.isLowest.set(false);
  expect(subject.reports).toEqual([]);
  subject.mesh.isLowest.set(true);
  await pass(LOWEST_AFTER_MS);
  subject.mesh.isLowest.set(false);
  expect(subject.reports).toEqual(["lowest", "not-lowest"]);
});

it("ends with all that it has opened", async () => {
  const { topology, mesh, listeners, moveTo } = newMoving();
  moveTo("1-1");
  topology.close();
  expect(mesh.isClosed).toBe(true);
  expect([...listeners.values()].every((known) => known.size === 0)).toBe(true);
  await pass(KEPT_MS);
  expect(vi.getTimerCount()).toBe(0);
});

describe("an encrypted call", () => {
  const CODE = [{ emoji: "🐶", word: "dog" }];
  let theirs: MemberKeys;

  beforeEach(async () => {
    const keys = new MemberKeys(() => true);
    theirs = new MemberKeys(() => true);
    await Promise.all([keys.ready(), theirs.ready()]);
    subject.topology.close();
    subject = newMoving(keys);
    subject.topology.enter({
      continuity: "new",
      ownID: "ann",
      others: [{ peerID: "bob", peerUsername: "bob", memberKey: theirs.own?.text ?? "" }],
    });
    subject.mesh.participants.set([shown("bob", { code: CODE })]);
  });

  const codeOf = () => subject.topology.participants.get()[0]?.code;

  it("opens an SFU with keys, and still has codes to compare", () => {
    subject.moveTo("1-1", { encrypted: true });
    expect(subject.sfu().encryption).toMatchObject({ epoch: "1-1", ownID: "ann" });
    expect(codeOf()).toBe(CODE);
  });

  it("makes codes of member keys alone as soon as the call is large", () => {
    subject.moveTo("1-1", { encrypted: true, settled: true });
    expect(subject.sfu().encryption?.makesCodes).toBe(false);
    subject.moveTo("1-1", { encrypted: true, settled: true, channels: false });
    expect(subject.sfu().encryption?.makesCodes).toBe(true);
    expect(subject.sfus).toHaveLength(1);
  });

  it("opens an SFU without keys where the server says so, and has no codes meanwhile", () => {
    subject.moveTo("1-1");
    expect(subject.sfu().encryption).toBeUndefined();
    expect(codeOf()).toBeNull();
  });

  it("never goes on without encryption: it fails to open what would be read", () => {
    subject.moveTo("1-1", { encrypted: true, settled: true });
    subject.moveTo("2-2", { settled: true });
    expect([subject.sfus.length, subject.reports.at(-1)]).toEqual([1, "2-2 failed"]);
    expect(subject.mesh.isSending).toBe(true);
    subject.moveTo("3-3", { encrypted: true });
    expect(subject.sfus).toHaveLength(2);
  });

  it("is not opened by a browser that encrypts nothing, which says so once", () => {
    const unable = newMoving();
    unable.moveTo("1-1", { encrypted: true });
    unable.moveTo("1-1", { encrypted: true });
    expect([unable.sfus.length, unable.reports]).toEqual([0, ["1-1 failed"]]);
    expect(unable.encryption.get().refusal).toBe("unable");
    unable.topology.close();
  });

  it("that has to be encrypted by the room or the link goes to no SFU unencrypted, and says why", () => {
    subject.topology.close();
    subject = newMoving(theirs, true);
    expect(subject.encryption.get()).toEqual({ isEndToEnd: true, refusal: null });
    subject.enter({ ownID: "ann" }, "bob");
    subject.moveTo("1-1");
    subject.moveTo("1-1", { encrypted: true, settled: true });
    expect([subject.sfus.length, subject.reports]).toEqual([0, ["1-1 failed"]]);
    expect(subject.mesh.isSending).toBe(true);
    expect(subject.encryption.get()).toEqual({ isEndToEnd: true, refusal: "unencrypted" });
    subject.moveTo("2-2", { encrypted: true });
    expect(subject.sfus).toHaveLength(1);
    expect(subject.encryption.get()).toEqual({ isEndToEnd: true, refusal: null });
  });

  it("that had to be encrypted once, by the server's word in the mesh, has to be for good", () => {
    subject.moveTo("0-0", { kind: "mesh", settled: true, encrypted: true });
    expect(subject.encryption.get().isEndToEnd).toBe(true);
    subject.moveTo("0-0", { kind: "mesh", settled: true });
    subject.moveTo("1-1");
    expect([subject.sfus.length, subject.reports.at(-1)]).toEqual([0, "1-1 failed"]);
    subject.moveTo("2-2", { kind: "mesh", settled: true });
    expect(codeOf()).toBe(CODE);
  });

  it("goes on by the mesh where the SFU has failed that could read it, and that it may not go back to", () => {
    subject.moveTo("1-1", { settled: true });
    const open = subject.sfu();
    subject.moveTo("0-0", { kind: "mesh", encrypted: true });
    open.state.set("failed");
    subject.moveTo("1-1", { settled: true });
    expect([subject.sfus.length, open.isClosed, subject.reports.at(-1)]).toEqual([
      1,
      true,
      "1-1 failed",
    ]);
    expect(subject.mesh.isSending).toBe(true);
    expect(codeOf()).toBe(CODE);
  });

  it("takes a way that an SFU could read no longer than a move lasts", async () => {
    vi.useFakeTimers();
    subject.moveTo("1-1", { settled: true });
    const open = subject.sfu();
    await pass(LINGER_MS);
    expect(subject.encryption.get().isEndToEnd).toBe(false);
    subject.topology.publish(ours);
    subject.moveTo("2-2", { encrypted: true });
    await pass(OPEN_MS / 2);
    subject.moveTo("2-2", { encrypted: true });
    expect(open.local).toBe(ours);
    await pass(OPEN_MS / 2 + LINGER_MS);
    expect(open.local).toBe(NO_LOCAL_TRACKS);
    expect(subject.encryption.get().isEndToEnd).toBe(true);
  });

  it("has secrets go by channels where they are open, else through the server", () => {
    subject.moveTo("1-1", { encrypted: true });
    const { encryption } = subject.sfu();
    encryption?.send("bob", { epoch: "1-1", number: 7 });
    subject.mesh.channels.add("bob");
    encryption?.send("bob", { epoch: "1-1", number: 8 });
    expect([subject.signaled, subject.mesh.senderKeys]).toEqual([
      ["sender-key to bob"],
      ["8 to bob"],
    ]);
    subject.mesh.senderKeyListener("bob", { epoch: "1-1", number: 1 });
    subject.hear("sender-key", { peerID: "bob", epoch: "1-1", number: 2 });
    subject.hear("sender-key", { peerID: "bob", epoch: "9-9", number: 3 });
    expect(subject.sfu().heardKeys).toEqual(["1 of bob", "2 of bob"]);
  });

  it("holds a secret that comes before this browser has heard of the move", () => {
    for (const [number, peerID] of [
      [1, "bob"],
      [2, "bob"],
      [3, "a stranger"],
    ] as const) {
      subject.hear("sender-key", { peerID, epoch: "1-1", number, key: "A".repeat(80) });
    }
    subject.moveTo("1-1", { encrypted: true });
    expect(subject.sfu().heardKeys).toEqual(["2 of bob"]);
  });

  it("counts its secrets on from one SFU to the next", () => {
    subject.moveTo("1-1", { encrypted: true });
    const first = [subject.sfu().encryption?.nextNumber(), subject.sfu().encryption?.nextNumber()];
    subject.moveTo("2-2", { encrypted: true });
    expect([...first, subject.sfu().encryption?.nextNumber()]).toEqual([0, 1, 2]);
  });

  it("goes on with the secrets of an epoch whose SFU is opened again, and ends them with the epoch", () => {
    subject.moveTo("1-1", { encrypted: true });
    subject.sfu().state.set("failed");
    subject.moveTo("1-1", { encrypted: true });
    const [first, second] = subject.sfus.map(({ encryption }) => encryption?.secrets);
    expect([subject.sfus.length, second]).toEqual([2, first]);
    const closes = vi.spyOn(first as EpochSecrets, "close");
    subject.moveTo("2-2", { encrypted: true, settled: true });
    expect(closes).not.toHaveBeenCalled();
    vi.advanceTimersByTime(LINGER_MS + KEPT_MS);
    expect(closes).toHaveBeenCalledOnce();
    expect(subject.sfu().encryption?.secrets).not.toBe(first);
  });

  it("raises the alarm where the server says another key of a member than before", async () => {
    const other = new MemberKeys(() => true);
    await other.ready();
    const bob = { peerID: "bob", peerUsername: "bob", createOffer: false };
    subject.hear("add-peer", { ...bob, memberKey: theirs.own?.text ?? "" });
    expect(subject.topology.participants.get()[0]?.codeChanged).toBe(false);
    subject.hear("add-peer", { ...bob, memberKey: other.own?.text ?? "" });
    expect(subject.topology.participants.get()[0]?.codeChanged).toBe(true);
  });
});

describe("a large call", () => {
  const idsShown = () => subject.topology.participants.get().map(({ id }) => id);
  const joins = (peerID: string) => subject.hear("member-joined", { peerID, peerUsername: peerID });

  it("has no connections of the mesh, and tells gestures by the SFU", () => {
    subject.enter({}, "bob");
    subject.topology.gesture({ kind: "hand", number: 3 });
    subject.moveTo("1-1", { settled: true });
    expect(subject.mesh.isConnecting).toBe(true);
    subject.moveTo("1-1", { settled: true, channels: false });
    expect(subject.mesh.isConnecting).toBe(false);
    expect(subject.sfu().gestures.at(-1)).toEqual({ kind: "hand", number: 3 });
    expect(subject.mesh.gestures.at(-1)).toEqual({ kind: "hand", number: null });
    subject.moveTo("1-1", { settled: true, channels: true });
    expect(subject.mesh.isConnecting).toBe(true);
    expect(subject.mesh.gestures.at(-1)).toEqual({ kind: "hand", number: 3 });
    expect(subject.sfu().gestures.at(-1)).toEqual({ kind: "hand", number: null });
  });

  it("lists members whom no way has", () => {
    subject.enter({ move: move("1-1", { channels: false }) }, "bob");
    subject.sfu().participants.set([withMedia("bob")]);
    joins("cyd");
    expect(idsShown()).toEqual(["bob", "cyd"]);
    subject.hear("remove-peer", { peerID: "cyd", peerUsername: "cyd" });
    expect(idsShown()).toEqual(["bob"]);
  });

  it("lists all also where no SFU is well", () => {
    subject.enter({ move: move("0-0", { kind: "mesh", channels: false, settled: true }) }, "bob");
    expect(idsShown()).toEqual(["bob"]);
    joins("cyd");
    expect(idsShown()).toEqual(["bob", "cyd"]);
  });

  it("drops whoever is not named for long after a return: nobody tells that they have left", async () => {
    const large = move("1-1", { channels: false });
    subject.enter({ move: large }, "bob", "cyd", "dan");
    subject.enter({ continuity: "resumed", move: large }, "bob");
    joins("cyd");
    expect(idsShown()).toEqual(["bob", "cyd", "dan"]);
    await pass(MISSED_AFTER_MS);
    expect(idsShown()).toEqual(["bob", "cyd"]);
  });
});
