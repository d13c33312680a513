import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EpochSecrets } from "../e2ee/epoch-secrets";
import type { MemberKey } from "../e2ee/member-key";
import { MemberKeys } from "../e2ee/member-keys";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import { wrap } from "../e2ee/wraps";
import type { HealthWindow } from "../health/window";
import { IceSource } from "../mesh/ice";
import { RELIEF } from "../quality/cpu-relief";
import { type LocalTracks, NO_LOCAL_TRACKS } from "../topology";
import { FakeSfu, fakeTrack, newSfuTopology } from "./fake-sfu";

let subject: ReturnType<typeof newSfuTopology>;

const settled = () => vi.advanceTimersByTimeAsync(0);
const participant = (id: string) => {
  const found = subject.topology.participants.get().find((one) => one.id === id);
  if (!found) throw new Error(`${id} is not shown`);
  return found;
};
const bothOn = (): LocalTracks => ({
  ...NO_LOCAL_TRACKS,
  microphone: fakeTrack("audio").asTrack,
  camera: fakeTrack("video").asTrack,
  on: { microphone: true, camera: true, screen: false },
});

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  subject = newSfuTopology();
});

afterEach(() => {
  subject.topology.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("the connection", () => {
  it("takes our ICE servers, and nothing else of a mesh's configuration", async () => {
    await settled();
    expect(subject.sfu.ways).toEqual([
      {
        url: "wss://parlour.example/livekit",
        token: "token",
        iceServers: [{ urls: "stun:ours" }],
      },
    ]);
    expect(subject.topology.state.get()).toBe("connected");
  });

  it("goes through the relay alone in a room whose media are relayed", async () => {
    const relay = { urls: ["turn:ours"], username: "1:7", credential: "secret" };
    const ice = new IceSource(async () => ({ iceServers: [], expires_at: null }));
    ice.take({ iceServers: [relay], iceTransportPolicy: "relay" });
    const sfu = new FakeSfu();
    const { topology } = newSfuTopology(sfu, sfu.connect, ice);
    await settled();
    expect(sfu.ways).toMatchObject([{ iceServers: [relay], iceTransportPolicy: "relay" }]);
    topology.close();
  });

  it("takes new credentials of its relay while it stands", async () => {
    const [old, young] = ["old", "young"].map((credential) => ({
      urls: ["turn:ours"],
      username: "1:7",
      credential,
    }));
    const clock = { now: 0 };
    const answers = [old, young].map((server) => ({
      iceServers: server ? [server] : [],
      expires_at: null,
      ttl: 600,
    }));
    const ice = new IceSource(
      async () => answers.shift() ?? Promise.reject(new Error("asked too often")),
      () => clock.now,
    );
    const sfu = new FakeSfu();
    const { topology } = newSfuTopology(sfu, sfu.connect, ice);
    await settled();
    expect(sfu.ways).toMatchObject([{ iceServers: [old] }]);
    clock.now = 590_000;
    expect(ice.isDue).toBe(true);
    await ice.renewed();
    expect(sfu.renewed).toEqual([young]);
    topology.close();
    await ice.renewed();
    expect(sfu.renewed).toHaveLength(1);
  });

  it("has published when all that there is goes out", async () => {
    subject.sfu.isSlow = true;
    subject.topology.publish(bothOn());
    await settled();
    expect(subject.topology.isPublished.get()).toBe(false);
    for (const release of subject.sfu.waiting.splice(0, 1)) release();
    await settled();
    expect(subject.topology.isPublished.get()).toBe(false);
    for (const release of subject.sfu.waiting) release();
    await settled();
    expect(subject.topology.isPublished.get()).toBe(true);
  });

  it("that cannot be opened has failed", async () => {
    subject.topology.close();
    subject = newSfuTopology(new FakeSfu(), () => Promise.reject(new Error("no way")));
    await settled();
    expect(subject.topology.state.get()).toBe("failed");
  });

  it("that opens too late is closed", async () => {
    subject.topology.close();
    const sfu = new FakeSfu();
    let open = () => {};
    const late = new Promise<void>((resolve) => {
      open = resolve;
    });
    subject = newSfuTopology(sfu, async () => {
      await late;
      return sfu;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(subject.topology.state.get()).toBe("failed");
    open();
    await settled();
    expect(sfu.isClosed).toBe(true);
  });

  it("that ends sends nothing any more, and does not come back by itself", async () => {
    const tracks = bothOn();
    subject.topology.publish(tracks);
    subject.begin("bob");
    await settled();
    subject.sfu.listener.ended();
    await settled();
    expect(subject.topology.state.get()).toBe("failed");
    expect(subject.sfu.isClosed).toBe(true);
    expect(subject.sfu.sent.every(({ track }) => track.isStopped)).toBe(true);
    expect(participant("bob").health.connection).toBe("connecting");
  });

  it("is closed with the topology, also one that is still being opened", async () => {
    const { topology, sfu, listeners } = newSfuTopology();
    topology.close();
    await settled();
    expect(sfu.isClosed).toBe(true);
    expect(listeners.size).toBe(0);
  });
});

describe("participants", () => {
  it("are the members whom the server names, and nobody else of the SFU", async () => {
    subject.begin("bob");
    await settled();
    const stranger = subject.sfu.sends("stranger", "camera");
    subject.topology.wish("stranger", { camera: 360 });
    subject.hear("member-joined", {
      peerID: "carl",
      peerUsername: "carl",
      peerDisplayName: "Карл",
    });
    subject.hear("add-peer", { peerID: "dora", peerUsername: "dora", createOffer: true });
    await settled();
    expect(subject.topology.participants.get().map(({ id }) => id)).toEqual([
      "bob",
      "carl",
      "dora",
    ]);
    expect(participant("carl").displayName).toBe("Карл");
    expect(stranger.wanted).toBeUndefined();
    subject.hear("remove-peer", { peerID: "carl", peerUsername: "" });
    await settled();
    expect(subject.topology.known()).toEqual(["bob", "dora"]);
  });

  it("stay over a resume of the signaling, and not over a new visit", async () => {
    subject.begin("bob", "carl");
    subject.topology.enter({
      continuity: "resumed",
      others: [{ peerID: "dora", peerUsername: "" }],
    });
    expect(subject.topology.known()).toEqual(["bob", "carl", "dora"]);
    subject.begin("dora");
    expect(subject.topology.known()).toEqual(["dora"]);
  });

  it("are renamed, and record", async () => {
    subject.hear("peer-recording", { peerID: "bob", recording: true });
    subject.begin("bob");
    subject.hear("peer-renamed", { peerID: "bob", peerUsername: "bob's", peerDisplayName: "Rob" });
    await settled();
    expect(participant("bob")).toMatchObject({ displayName: "Rob", records: true });
    subject.hear("peer-recording", { peerID: "bob", recording: false });
    await settled();
    expect(participant("bob").records).toBe(false);
  });

  it("tell by their sources what is on", async () => {
    subject.begin("bob");
    await settled();
    expect(participant("bob").tracks.camera.on).toBeNull();
    const camera = subject.sfu.sends("bob", "camera");
    camera.track = fakeTrack("video").asTrack;
    const voice = subject.sfu.sends("bob", "microphone");
    voice.isMuted = true;
    subject.sfu.listener.changed();
    await settled();
    expect(participant("bob")).toMatchObject({
      tracks: {
        camera: { on: true, flowing: true, paused: false, track: camera.track },
        microphone: { on: false, flowing: false },
        screen: { on: false, track: null },
      },
      health: { connection: "connected" },
    });
    camera.isPaused = true;
    subject.sfu.listener.changed();
    await settled();
    expect(participant("bob").tracks.camera.paused).toBe(true);
  });

  it("follow a track that flows, and flows no longer", async () => {
    subject.begin("bob");
    await settled();
    const { track, asTrack } = fakeTrack("video");
    track.muted = true;
    subject.sfu.sends("bob", "camera").track = asTrack;
    await settled();
    expect(participant("bob").tracks.camera.flowing).toBe(false);
    track.muted = false;
    track.dispatchEvent(new Event("unmute"));
    await settled();
    expect(participant("bob").tracks.camera.flowing).toBe(true);
  });

  it("share several screens with their sound, the newest last", async () => {
    subject.begin("bob");
    await settled();
    const second = subject.sfu.sends("bob", "screen2");
    const first = subject.sfu.sends("bob", "screen");
    const sound = subject.sfu.sends("bob", "sound2");
    for (const media of [first, second]) media.track = fakeTrack("video").asTrack;
    sound.track = fakeTrack("audio").asTrack;
    await settled();
    const { screens, tracks } = participant("bob");
    expect(screens.map(({ source }) => source)).toEqual(["screen2", "screen"]);
    expect(screens.map((screen) => screen.sound)).toEqual([sound.track, null]);
    expect(tracks.screen.track).toBe(first.track);
  });

  it("speak as the SFU hears, unless they are muted", async () => {
    subject.begin("bob");
    await settled();
    const voice = subject.sfu.sends("bob", "microphone");
    subject.sfu.speakers = ["bob"];
    await settled();
    expect(participant("bob").speaking).toBe(true);
    voice.isMuted = true;
    subject.sfu.listener.changed();
    await settled();
    expect(participant("bob").speaking).toBe(false);
  });

  it("who are lost from the SFU are reconnecting, as all are while we are", async () => {
    subject.begin("bob");
    await settled();
    expect(participant("bob").health.connection).toBe("connecting");
    subject.sfu.sends("bob", "microphone");
    subject.sfu.isReconnecting = true;
    await settled();
    expect(participant("bob").health.connection).toBe("reconnecting");
    subject.sfu.isReconnecting = false;
    subject.sfu.present.clear();
    subject.sfu.listener.changed();
    await settled();
    expect(participant("bob").health.connection).toBe("reconnecting");
  });
});

describe("gestures", () => {
  it("go to all, and a hand that is up to those who come later", async () => {
    subject.begin("bob", "carl");
    await settled();
    subject.sfu.sends("bob", "microphone");
    await settled();
    subject.topology.gesture({ kind: "hand", number: 3 });
    subject.topology.gesture({ kind: "reaction", reaction: "heart" });
    subject.topology.gesture({ kind: "lower-hand", of: "bob" });
    subject.sfu.sends("carl", "microphone");
    await settled();
    expect(subject.sfu.told).toEqual([
      '{"version":1,"hand":3}',
      '{"version":1,"reaction":"heart"}',
      '{"version":1,"lower":true} to bob',
      '{"version":1,"hand":3} to carl',
    ]);
  });

  it("of members are heard, at a bounded rate, and of nobody else", async () => {
    const reacted: string[] = [];
    subject.topology.followGestures({
      reacted: (id, reaction) => reacted.push(`${id}: ${reaction}`),
      askedToLower: (id) => reacted.push(`${id} asks`),
    });
    subject.begin("bob");
    await settled();
    subject.sfu.sends("bob", "microphone");
    const { heard } = subject.sfu.listener;
    heard("bob", '{"version":1,"hand":7}');
    heard("bob", '{"version":1,"lower":true}');
    heard("stranger", '{"version":1,"reaction":"heart"}');
    heard("bob", "nonsense");
    await settled();
    expect(participant("bob").hand).toBe(7);
    for (let count = 0; count < 200; count++) heard("bob", '{"version":1,"reaction":"heart"}');
    expect(reacted[0]).toBe("bob asks");
    expect(reacted.length).toBeLessThan(60);
  });
});

describe("what is measured", () => {
  const outbound = (bytes: number, limit = "none") => ({
    out: {
      id: "out",
      type: "outbound-rtp",
      kind: "video",
      ssrc: 1,
      bytesSent: bytes,
      packetsSent: bytes / 100,
      framesEncoded: 0,
      qualityLimitationReason: limit,
    },
  });
  const inbound = (bytes: number) => ({
    in: { id: "in", type: "inbound-rtp", kind: "video", ssrc: 2, bytesReceived: bytes },
  });

  it("is one health for each participant, of both directions", async () => {
    const windows: [string, HealthWindow][] = [];
    subject.topology.followHealth((id, window) => windows.push([id, window]));
    subject.topology.publish({ ...bothOn(), microphone: null });
    subject.begin("bob", "carl");
    await settled();
    const camera = subject.sfu.sends("bob", "camera");
    camera.track = fakeTrack("video").asTrack;
    for (let second = 1; second <= 12; second++) {
      const sent = subject.sfu.sentOf("camera");
      if (sent) sent.report = outbound(second * 1000);
      camera.report = inbound(second * 2000);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(windows.length).toBeGreaterThan(0);
    expect(new Set(windows.map(([id]) => id))).toEqual(new Set(["bob"]));
    const [, window] = windows[0] ?? [];
    expect(window?.sent).toBeCloseTo(8_000, -2);
    expect(window?.received).toBeCloseTo(16_000, -2);
  });

  it("relieves a CPU that does not suffice", async () => {
    subject.topology.publish({ ...bothOn(), microphone: null });
    subject.begin("bob");
    await settled();
    subject.sfu.sends("bob", "camera").track = fakeTrack("video").asTrack;
    const sent = subject.sfu.sentOf("camera");
    if (sent) sent.report = outbound(1, "cpu");
    await vi.advanceTimersByTimeAsync(70_000);
    expect(subject.topology.relief.get()).toBe(RELIEF.fewerFrames);
  });
});

describe("an encrypted epoch", () => {
  let secrets: EpochSecrets;

  afterEach(() => secrets.close());

  async function encrypted(makesCodes: boolean) {
    const [ours, theirs] = [new MemberKeys(() => true), new MemberKeys(() => true)];
    await Promise.all([ours.ready(), theirs.ready()]);
    ours.note("bob", theirs.own?.text);
    const told: string[] = [];
    let numbers = 0;
    const parts = {
      epoch: "1-1",
      ownID: "ann",
      keys: ours,
      nextNumber: () => numbers++,
      send: (member: string, { number, key }: SenderKeyMessage) =>
        void told.push(`${key ? number : "taken"} to ${member}`),
    };
    secrets = new EpochSecrets(parts);
    const encryption = { ...parts, secrets, makesCodes };
    const open = () => {
      subject = newSfuTopology(undefined, undefined, undefined, encryption);
      subject.begin("bob");
    };
    open();
    const wrapOf = (secret: Uint8Array<ArrayBuffer>) =>
      wrap(
        secret,
        { epoch: "1-1", sender: "bob", receiver: "ann", number: 0 },
        {
          ours: theirs.own as MemberKey,
          theirs: ours.own?.publicBytes ?? new Uint8Array(),
          weSend: true,
        },
      );
    return { told, wrapOf, open, codeOfBob: () => ours.code("bob") };
  }

  /** WebCrypto works in threads, whose answers come between turns of the event loop. */
  async function until(isSo: () => boolean): Promise<void> {
    for (let turns = 0; turns < 500 && !isSo(); turns++) {
      await vi.advanceTimersByTimeAsync(20);
      await crypto.subtle.digest("SHA-256", new Uint8Array(1));
    }
    expect(isSo()).toBe(true);
  }

  it("is opened by our own name, with the secrets of all, whenever they come", async () => {
    const { told, wrapOf } = await encrypted(false);
    const secret = new Uint8Array(32).fill(7);
    subject.topology.hearSenderKey("bob", { epoch: "1-1", number: 0, key: await wrapOf(secret) });
    await until(() => told.includes("taken to bob") && told.includes("0 to bob"));
    subject.topology.hearSenderKey("bob", { epoch: "1-1", number: 0 });
    await until(() => subject.sfu.secrets.size === 2);
    expect(subject.sfu.ways[0]?.encryptedAs).toBe("ann");
    expect([...subject.sfu.secrets]).toEqual(
      expect.arrayContaining([
        ["ann", [0]],
        ["bob", [0]],
      ]),
    );
    expect(participant("bob").code).toBeNull();
  });

  it("is decrypted by its next connection, where one fails, with what has come already", async () => {
    const { told, wrapOf, open } = await encrypted(false);
    const secret = new Uint8Array(32).fill(7);
    subject.topology.hearSenderKey("bob", { epoch: "1-1", number: 0, key: await wrapOf(secret) });
    await until(() => told.includes("taken to bob"));
    subject.sfu.listener.ended();
    expect(subject.topology.state.get()).toBe("failed");
    subject.topology.close();
    open();
    await until(() => subject.sfu.secrets.has("bob"));
    expect(subject.sfu.secrets.get("bob")).toEqual([0]);
  });

  it("has codes of member keys where there are no connections between members", async () => {
    const { codeOfBob } = await encrypted(true);
    await vi.advanceTimersByTimeAsync(1_500);
    // It takes as long as another one.
    for (let tries = 0; tries < 50 && participant("bob").code === null; tries++) {
      await codeOfBob();
      await settled();
    }
    expect(participant("bob").code).toEqual(await codeOfBob());
  });
});
