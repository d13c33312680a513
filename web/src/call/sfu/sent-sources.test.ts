import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalTracks, NO_LOCAL_TRACKS } from "../topology";
import { FakeSfu, fakeTrack } from "./fake-sfu";
import { SentSources } from "./sent-sources";

let sfu: FakeSfu;
let sources: SentSources;
const microphone = () => fakeTrack("audio", "microphone");
const camera = () => fakeTrack("video", "camera");
const on = { microphone: true, camera: true, screen: false };

/** What needs no timer is done. */
const settled = () => vi.advanceTimersByTimeAsync(0);

async function publish(local: Partial<LocalTracks>): Promise<void> {
  sources.publish({ ...NO_LOCAL_TRACKS, on, ...local });
  await settled();
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  sfu = new FakeSfu();
  sources = new SentSources(sfu, () => {});
});

afterEach(() => {
  sources.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("what is sent", () => {
  it("is a copy, since the SFU's client enables and stops what it sends", async () => {
    const { track, asTrack } = microphone();
    await publish({ microphone: asTrack });
    expect(sfu.sentOf("microphone")?.track).toBe(track.copies[0]);
    expect(sources.isComplete).toBe(true);
    sources.close();
    expect(track.copies.map(({ isStopped }) => isStopped)).toEqual([true]);
    expect(track.isStopped).toBe(false);
  });

  it("names each screen, and its sound", async () => {
    const screen = { source: "screen2", isText: true, framesPerSecond: 5 } as const;
    const picture = fakeTrack("video").asTrack;
    await publish({ screens: [{ ...screen, picture, sound: fakeTrack("audio").asTrack }] });
    expect(sfu.sent.map(({ source }) => source)).toEqual(["screen2", "sound2"]);
    expect(sfu.sentOf("screen2")?.options).toMatchObject({ isText: true, framesPerSecond: 5 });
    await publish({});
    expect(sfu.sent.map(({ isStopped }) => isStopped)).toEqual([true, true]);
  });

  it("changes its track without being sent anew", async () => {
    const [first, second] = [camera(), camera()];
    await publish({ camera: first.asTrack });
    await publish({ camera: second.asTrack });
    expect(sfu.sent).toHaveLength(1);
    expect(sfu.sentOf("camera")?.track).toBe(second.track.copies[0]);
    expect(first.track.copies[0]?.isStopped).toBe(true);
  });

  it("keeps its place while it has nothing to send, and lets the device go", async () => {
    const [first, second] = [camera(), camera()];
    await publish({ camera: first.asTrack });
    await publish({ camera: null, on: { ...on, camera: false } });
    expect(sfu.sentOf("camera")).toMatchObject({ isMuted: true });
    expect(first.track.copies[0]?.isStopped).toBe(true);
    await publish({ camera: second.asTrack });
    expect(sfu.sentOf("camera")).toMatchObject({ isMuted: false, track: { enabled: true } });
    expect(sfu.sent).toHaveLength(1);
  });
});

describe("a microphone that is off", () => {
  it("begins muted and silent", async () => {
    const { track, asTrack } = microphone();
    track.enabled = false;
    await publish({ microphone: asTrack, on: { ...on, microphone: false } });
    expect(sfu.sentOf("microphone")).toMatchObject({ isMuted: true, track: { enabled: false } });
    expect(track.enabled).toBe(false);
  });

  it("is silent at once, also while it is still being sent for the first time", async () => {
    sfu.isSlow = true;
    const { track, asTrack } = microphone();
    await publish({ microphone: asTrack });
    expect(track.copies[0]?.enabled).toBe(true);
    sources.publish({ ...NO_LOCAL_TRACKS, microphone: asTrack });
    expect(track.copies[0]?.enabled).toBe(false);
    for (const release of sfu.waiting) release();
    await settled();
    expect(sfu.sentOf("microphone")).toMatchObject({ isMuted: true, track: { enabled: false } });
  });

  it("is heard again as soon as it is on, however often that changes", async () => {
    const { asTrack } = microphone();
    await publish({ microphone: asTrack });
    for (const isOn of [false, true, false, true, true]) {
      sources.publish({
        ...NO_LOCAL_TRACKS,
        microphone: asTrack,
        on: { ...on, microphone: isOn },
      });
    }
    await settled();
    expect(sfu.sentOf("microphone")).toMatchObject({ isMuted: false, track: { enabled: true } });
  });

  it("is on again where the SFU's client has muted it by itself, since its device ended", async () => {
    const { asTrack } = microphone();
    await publish({ microphone: asTrack });
    await sfu.sentOf("microphone")?.mute(true);
    sources.review();
    await settled();
    expect(sfu.sentOf("microphone")?.isMuted).toBe(false);
  });
});

describe("what cannot be sent", () => {
  it("is tried again", async () => {
    sfu.refusals = 2;
    await publish({ camera: camera().asTrack });
    expect(sources.isComplete).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sources.isComplete).toBe(true);
    expect(sources.hasFailed).toBe(false);
  });

  it("is given up after some tries, and leaves no copy", async () => {
    sfu.refusals = 100;
    const { track, asTrack } = camera();
    await publish({ camera: asTrack });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sources.hasFailed).toBe(true);
    expect(sfu.refusals).toBe(95);
    expect(track.copies.every(({ isStopped }) => isStopped)).toBe(true);
  });
});
