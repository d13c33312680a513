import { expect, it } from "vitest";
import { Store } from "../store";
import { OwnVoice } from "./own-voice";
import { type LocalTracks, NO_LOCAL_TRACKS } from "./topology";

const microphone = { kind: "audio" } as MediaStreamTrack;

function newSubject() {
  const outgoing = new Store<LocalTracks>(NO_LOCAL_TRACKS);
  let hear: ((speaking: boolean, level: number) => void) | null = null;
  const voice = new OwnVoice(outgoing, (_, heard) => {
    hear = heard;
    return () => {
      hear = null;
    };
  });
  voice.start();
  const turn = (on: boolean, track = microphone) =>
    outgoing.set({
      ...outgoing.get(),
      microphone: track,
      on: { ...outgoing.get().on, microphone: on },
    });
  return {
    voice,
    turn,
    hear: (speaking: boolean, level = speaking ? 1 : 0) => hear?.(speaking, level),
    isHeard: () => hear !== null,
  };
}

it("hears the microphone while it is on", () => {
  const { voice, turn, hear, isHeard } = newSubject();
  expect(isHeard()).toBe(false);
  turn(true);
  hear(true);
  expect(voice.isAudible.get()).toBe(true);
  turn(false);
  expect([voice.isAudible.get(), isHeard()]).toEqual([false, false]);
});

it("hears another microphone in its place, and none once it is closed", () => {
  const { voice, turn, hear, isHeard } = newSubject();
  turn(true);
  hear(true);
  turn(true, { kind: "audio" } as MediaStreamTrack);
  expect([voice.isAudible.get(), isHeard()]).toEqual([false, true]);
  voice.close();
  expect(isHeard()).toBe(false);
});

it("notices a microphone that gives nothing for ten seconds, unless it was heard before", () => {
  const { voice, turn, hear } = newSubject();
  turn(true);
  for (let count = 0; count < 49; count++) hear(false);
  expect(voice.isSilent.get()).toBe(false);
  hear(false);
  expect(voice.isSilent.get()).toBe(true);
  hear(false, 0.001);
  expect(voice.isSilent.get()).toBe(false);
  turn(false);
  turn(true);
  for (let count = 0; count < 100; count++) hear(false);
  expect(voice.isSilent.get()).toBe(false);
});
