import { expect, it } from "vitest";
import { Store } from "../store";
import { OwnVoice } from "./own-voice";
import { type LocalTracks, NO_LOCAL_TRACKS } from "./topology";

const microphone = { kind: "audio" } as MediaStreamTrack;

function newSubject() {
  const outgoing = new Store<LocalTracks>(NO_LOCAL_TRACKS);
  let hear: ((speaking: boolean) => void) | null = null;
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
    hear: (speaking: boolean) => hear?.(speaking),
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
