import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SPEAKS_ON_MS } from "../quality/own-speech";
import type { PictureWishes } from "../quality/wishes";
import { type LocalTracks, NO_LOCAL_TRACKS } from "../topology";
import type { ConnectionSample } from "./connection-sample";
import { FakeSender } from "./fake-sender";
import { type Outgoing, QualityControl } from "./quality-control";
import type { SampleListener } from "./stats-sampler";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const track = (kind: string, contentHint = "") =>
  ({ kind, contentHint, getSettings: () => ({}) }) as unknown as MediaStreamTrack;
const sending: LocalTracks = {
  microphone: track("audio"),
  camera: track("video"),
  screens: [],
  on: { microphone: true, camera: true, screen: false },
};

class FakePeer {
  readonly camera = new FakeSender({ kind: "video" });
  readonly microphone = new FakeSender({ kind: "audio" });
  readonly told: PictureWishes[] = [];
  outgoing: Outgoing[] = [
    { sender: this.microphone as unknown as RTCRtpSender, carries: "microphone" },
    { sender: this.camera as unknown as RTCRtpSender, carries: "camera" },
  ];
  paused: readonly string[] = [];
  tellWishes = (wishes: PictureWishes) => void this.told.push(wishes);
  tellPaused = (sources: readonly string[]) => {
    this.paused = sources;
  };
}

function newSubject() {
  let sample: SampleListener = () => {};
  const control = new QualityControl({
    sampler: {
      subscribe: (listener) => {
        sample = listener;
        return () => {};
      },
    },
    hasH264Hardware: async () => false,
    cores: 4,
    now: () => Date.now(),
  });
  control.publish(sending);
  const observe = (peerID: string, availableOutgoingBitrate: number | null, limitedBy = "none") =>
    sample(peerID, {
      path: { availableOutgoingBitrate },
      outbound: [{ kind: "video", active: true, limitedBy }],
    } as unknown as ConnectionSample);
  const peers = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const peer = new FakePeer();
      control.follow(`p${index}`, peer);
      observe(`p${index}`, null);
      return peer;
    });
  const settled = () => vi.advanceTimersByTimeAsync(0);
  return { control, peers, observe, settled };
}

describe("what peers are sent", () => {
  it("follows how many they are, and what each of them wants", async () => {
    const { control, peers, settled } = newSubject();
    const [ann, bob] = peers(4) as [FakePeer, FakePeer];
    await settled();
    expect(ann.camera.encoding).toMatchObject({ maxBitrate: 500_000, scaleResolutionDownBy: 2 });
    expect(ann.microphone.encoding).toMatchObject({ maxBitrate: 32_000, priority: "high" });
    control.hear("p0", { camera: 90 });
    control.forget("p2");
    control.forget("p3");
    await settled();
    expect(ann.camera.encoding).toMatchObject({ maxBitrate: 80_000, scaleResolutionDownBy: 8 });
    expect(bob.camera.encoding).toMatchObject({ scaleResolutionDownBy: 1 });
  });

  it("is nothing while they look elsewhere, and is there again at once", async () => {
    const { control, peers, settled } = newSubject();
    const [ann] = peers(1) as [FakePeer];
    control.hear("p0", { camera: 0 });
    await settled();
    expect(ann.camera.encoding?.active).toBe(false);
    expect(ann.paused).toEqual([]);
    control.hear("p0", { camera: 720 });
    await settled();
    expect(ann.camera.encoding).toMatchObject({ active: true, scaleResolutionDownBy: 1 });
  });

  it("starts anew with a source that was off", async () => {
    const { control, peers, settled } = newSubject();
    const [ann] = peers(1) as [FakePeer];
    control.hear("p0", { camera: 0 });
    control.publish({ ...sending, on: { ...sending.on, camera: false } });
    control.publish(sending);
    await settled();
    expect(ann.camera.encoding?.active).toBe(true);
  });

  it("is as small as it can be where every way is too narrow for those who want more", async () => {
    const { control, peers, observe, settled } = newSubject();
    peers(2);
    control.hear("p0", { camera: 360 });
    control.hear("p1", { camera: 90 });
    await settled();
    expect(control.isLowest.get()).toBe(false);
    for (let times = 0; times < 3; times++) observe("p0", 70_000);
    await settled();
    expect(control.isLowest.get()).toBe(true);
    control.hear("p0", { camera: 0 });
    await settled();
    expect(control.isLowest.get()).toBe(false);
    control.hear("p0", { camera: 360 });
    control.publish(NO_LOCAL_TRACKS);
    await settled();
    expect(control.isLowest.get()).toBe(false);
  });

  it("begins in a cheap codec, and goes on in a dense one", async () => {
    const { control, observe, settled } = newSubject();
    const ann = new FakePeer();
    ann.camera.codecs = ["video/VP8", "video/VP9"].map((mimeType) => ({
      mimeType,
      clockRate: 90_000,
    }));
    control.follow("p0", ann);
    const codecs: unknown[] = [];
    for (let estimates = 0; estimates < 4; estimates += 1) {
      await settled();
      codecs.push(ann.camera.encoding?.codec?.mimeType.slice("video/".length));
      observe("p0", 2_000_000);
    }
    expect(codecs).toEqual(["VP8", "VP8", "VP8", "VP9"]);
  });

  it("is decided once for what changes in one go", async () => {
    const { control, peers, settled } = newSubject();
    const [ann] = peers(1) as [FakePeer];
    for (const camera of [90, 180, 360]) control.hear("p0", { camera });
    await settled();
    expect(ann.camera.set.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual([2]);
  });

  it("is set again for the sender of another connection", async () => {
    const { control, peers, settled } = newSubject();
    peers(1);
    control.hear("p0", { camera: 180 });
    await settled();
    const again = new FakePeer();
    control.follow("p0", again);
    await settled();
    expect(again.camera.encoding).toMatchObject({ scaleResolutionDownBy: 4 });
  });

  it("is a screen in the section of the camera where there is no other", async () => {
    const { control, peers, settled } = newSubject();
    const [ann] = peers(1) as [FakePeer];
    const screen = track("video", "detail");
    const shared = { source: "screen", picture: screen, sound: null } as const;
    const screens = [{ ...shared, isText: true, framesPerSecond: 5 }];
    control.publish({ ...sending, screens, on: { ...sending.on, screen: true } });
    ann.outgoing = ann.outgoing.map(({ sender, carries }) => ({
      sender,
      carries: carries === "camera" ? "screen" : carries,
    }));
    await settled();
    expect(ann.camera.encoding).toMatchObject({ maxFramerate: 5, scaleResolutionDownBy: 1 });
  });

  it("steps up for a speaker until a while after the last word", async () => {
    const { control, peers, settled } = newSubject();
    const [ann] = peers(3) as [FakePeer];
    const lines = () => 720 / (ann.camera.encoding?.scaleResolutionDownBy ?? 1);
    await settled();
    expect(lines()).toBe(540);
    control.speak(true);
    control.speak(false);
    await settled();
    expect(lines()).toBe(720);
    await vi.advanceTimersByTimeAsync(SPEAKS_ON_MS + 1);
    expect(lines()).toBe(540);
  });

  it("counts those who are yet to get a connection", async () => {
    const { control, peers, settled } = newSubject();
    control.expect(8);
    const [ann] = peers(1) as [FakePeer];
    await settled();
    expect(ann.camera.encoding).toMatchObject({ scaleResolutionDownBy: 4, maxFramerate: 15 });
    expect(control.preferredCodecs("camera")[0]).toBe("video/VP8");
  });
});

describe("what limits it", () => {
  it("is the way to each peer", async () => {
    const { peers, observe, settled } = newSubject();
    const [ann, bob] = peers(2) as [FakePeer, FakePeer];
    for (let times = 0; times < 3; times++) observe("p0", 600_000);
    await settled();
    expect(ann.camera.encoding).toMatchObject({ maxBitrate: 430_000, scaleResolutionDownBy: 2 });
    expect(bob.camera.encoding).toMatchObject({ maxBitrate: 1_000_000 });
    for (let times = 0; times < 3; times++) observe("p0", 70_000);
    await settled();
    expect(ann.camera.encoding?.active).toBe(false);
    expect([ann.paused, bob.paused]).toEqual([["camera"], []]);
    expect(ann.microphone.encoding).toMatchObject({ active: true, maxBitrate: 32_000 });
  });

  it("is the CPU, for all peers", async () => {
    const { peers, observe, settled } = newSubject();
    const [ann, bob] = peers(2) as [FakePeer, FakePeer];
    for (let second = 0; second <= 60; second += 2) {
      observe("p0", null, "cpu");
      await vi.advanceTimersByTimeAsync(2_000);
    }
    await settled();
    for (const peer of [ann, bob]) expect(peer.camera.encoding?.maxFramerate).toBe(15);
  });
});

it("opens a connection with a picture that it bears, and grows once there is more", async () => {
  const { control, observe, settled } = newSubject();
  const ann = new FakePeer();
  control.follow("ann", ann);
  await settled();
  expect(ann.camera.encoding).toMatchObject({ maxBitrate: 1_700_000, scaleResolutionDownBy: 2 });
  expect(ann.camera.degradation).toBe("maintain-resolution");
  observe("ann", 2_500_000);
  await settled();
  expect(ann.camera.encoding).toMatchObject({ maxBitrate: 1_700_000, scaleResolutionDownBy: 1 });
  observe("ann", 2_500_000);
  observe("ann", 2_500_000);
  await settled();
  expect(ann.camera.degradation).toBe("maintain-framerate");
});

it("tells each peer what we want, also over a connection that takes the place of another", () => {
  const { control, peers } = newSubject();
  const [ann, bob] = peers(2) as [FakePeer, FakePeer];
  control.wish("p0", { camera: 180 });
  control.wish("nobody", { camera: 180 });
  expect(ann.told.at(-1)).toEqual({ camera: 180 });
  expect(bob.told).toEqual([{}]);
  const again = new FakePeer();
  control.follow("p0", again);
  expect(again.told).toEqual([{ camera: 180 }]);
});

it("lets go of everything", async () => {
  const { control, peers, settled } = newSubject();
  const [ann] = peers(1) as [FakePeer];
  await settled();
  const before = ann.camera.set.length;
  control.speak(true);
  control.speak(false);
  control.close();
  control.publish(NO_LOCAL_TRACKS);
  await settled();
  expect(ann.camera.set).toHaveLength(before);
  expect(vi.getTimerCount()).toBe(0);
});
