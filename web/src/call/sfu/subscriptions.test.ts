import { describe, expect, it } from "vitest";
import type { TrackSource } from "../topology";
import { FakeRemote } from "./fake-sfu";
import { ALL_VOICES, LOUDEST, MOST_KEPT, Subscriptions } from "./subscriptions";

const people = (count: number) => Array.from({ length: count }, (_, at) => `p${at}`);
const sendingOf = (source: TrackSource, ids: readonly string[]) =>
  ids.map((id) => new FakeRemote(id, source));

function heard(subscriptions: Subscriptions, remote: FakeRemote[], speakers: string[], now = 0) {
  const decided = subscriptions.decide(remote, speakers, now);
  return remote.filter((media) => decided.get(media)).map(({ participant }) => participant);
}

describe("pictures", () => {
  it("come once they are wished for, at that size", () => {
    const subscriptions = new Subscriptions();
    const camera = new FakeRemote("bob", "camera");
    const screen = new FakeRemote("bob", "screen2");
    expect(subscriptions.decide([camera, screen], [], 0).get(camera)).toBeNull();
    subscriptions.wish("bob", { camera: 360, screen2: 1080 });
    const decided = subscriptions.decide([camera, screen], [], 0);
    expect(decided.get(camera)).toEqual({ isOn: true, lines: 360 });
    expect(decided.get(screen)).toEqual({ isOn: true, lines: 1080 });
  });

  it("stay as they are where nothing is said of them", () => {
    const subscriptions = new Subscriptions();
    const camera = new FakeRemote("bob", "camera");
    subscriptions.wish("bob", { camera: 360 });
    subscriptions.wish("bob", {});
    expect(subscriptions.decide([camera], [], 0).get(camera)).toEqual({ isOn: true, lines: 360 });
  });

  it("are bounded while they come by two ways", () => {
    const subscriptions = new Subscriptions();
    const camera = new FakeRemote("bob", "camera");
    subscriptions.wish("bob", { camera: 720 });
    subscriptions.mostLines = 360;
    expect(subscriptions.decide([camera], [], 0).get(camera)?.lines).toBe(360);
  });

  it("out of sight are kept without being sent: the latest ones", () => {
    const subscriptions = new Subscriptions();
    const cameras = sendingOf("camera", people(MOST_KEPT + 2));
    for (const { participant } of cameras) subscriptions.wish(participant, { camera: 180 });
    for (const { participant } of cameras) subscriptions.wish(participant, { camera: 0 });
    const wanted = [...subscriptions.decide(cameras, [], 0).values()];
    expect(wanted.slice(0, 2)).toEqual([null, null]);
    expect(wanted.slice(2)).toEqual(Array(MOST_KEPT).fill({ isOn: false }));
  });

  it("that were never seen are not asked for", () => {
    const subscriptions = new Subscriptions();
    const camera = new FakeRemote("bob", "camera");
    subscriptions.wish("bob", { camera: 0 });
    expect(subscriptions.decide([camera], [], 0).get(camera)).toBeNull();
  });
});

describe("voices", () => {
  it("are all heard, up to a number", () => {
    const voices = sendingOf("microphone", people(ALL_VOICES));
    expect(heard(new Subscriptions(), voices, [])).toHaveLength(ALL_VOICES);
  });

  it("of more people are those that speak, have just spoken, or are seen", () => {
    const subscriptions = new Subscriptions();
    const voices = sendingOf("microphone", people(300));
    subscriptions.wish("p250", { camera: 180 });
    const speakers = people(300).slice(100, 120);
    expect(heard(subscriptions, voices, speakers)).toEqual([...speakers.slice(0, LOUDEST), "p250"]);
    expect(heard(subscriptions, voices, ["p0"], 5_000)).toHaveLength(LOUDEST + 2);
    expect(heard(subscriptions, voices, ["p0"], 20_000)).toEqual(["p0", "p250"]);
  });

  it("of more people are all that are on, as long as few are", () => {
    const subscriptions = new Subscriptions();
    const voices = sendingOf("microphone", people(300));
    for (const voice of voices.slice(ALL_VOICES)) voice.isMuted = true;
    expect(heard(subscriptions, voices, [])).toEqual(people(ALL_VOICES));
  });

  it("of screens are heard in any case", () => {
    const sounds = [...sendingOf("microphone", people(100)), new FakeRemote("p99", "sound")];
    expect(heard(new Subscriptions(), sounds, [])).toEqual(["p99"]);
  });

  it("of people who left are forgotten", () => {
    const subscriptions = new Subscriptions();
    const voices = sendingOf("microphone", people(100));
    heard(subscriptions, voices, ["p1"]);
    subscriptions.keepOnly(new Set(["p2"]));
    expect(heard(subscriptions, voices, [])).toEqual([]);
  });
});
