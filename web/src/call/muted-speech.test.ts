import { expect, it } from "vitest";
import { Store } from "../store";
import { MutedSpeech, SpeechWhileMuted } from "./muted-speech";
import { type LocalTracks, NO_LOCAL_TRACKS } from "./topology";

it("hints after a second of speech, not after a cough, and not again soon", () => {
  const speech = new SpeechWhileMuted();
  const take = (sounds: string, from: number) =>
    [...sounds].map((sound, index) => speech.take(sound === "x", from + index * 200));
  expect(take("xx..........", 0)).not.toContain(true);
  expect(take("x.x.xxx", 5_000).filter(Boolean)).toHaveLength(1);
  expect(take("xxxxxxxxxx", 10_000)).not.toContain(true);
  expect(take("xxxxxxxxxx", 40_000).filter(Boolean)).toHaveLength(1);
});

it("listens to a clone while the microphone is off, and to nothing else", () => {
  const clones: { enabled: boolean; stopped: boolean; stop(): void }[] = [];
  const microphone = {
    clone: () => {
      const clone = {
        enabled: false,
        stopped: false,
        stop() {
          clone.stopped = true;
        },
      };
      clones.push(clone);
      return clone;
    },
  } as unknown as MediaStreamTrack;
  const outgoing = new Store<LocalTracks>(NO_LOCAL_TRACKS);
  let hear = (_: boolean) => {};
  const speech = new MutedSpeech(outgoing, (_, heard) => {
    hear = (audible) => heard(audible, audible ? 1 : 0);
    return () => {};
  });
  const turn = (on: boolean) =>
    outgoing.set({ ...NO_LOCAL_TRACKS, microphone, on: { ...NO_LOCAL_TRACKS.on, microphone: on } });
  speech.start();
  turn(true);
  expect(clones).toHaveLength(0);
  turn(false);
  expect(clones).toMatchObject([{ enabled: true, stopped: false }]);
  for (let count = 0; count < 6; count++) hear(true);
  expect(speech.isHinted.get()).toBe(true);
  turn(true);
  expect(speech.isHinted.get()).toBe(false);
  expect(clones).toMatchObject([{ stopped: true }]);
  turn(false);
  speech.close();
  expect(clones).toMatchObject([{ stopped: true }, { stopped: true }]);
});
