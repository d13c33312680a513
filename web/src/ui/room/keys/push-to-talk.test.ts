import { expect, it } from "vitest";
import { PushToTalk } from "./push-to-talk";

function newSubject(isOn: boolean) {
  const microphone = { isOn };
  const talk = new PushToTalk({
    isMuted: () => !microphone.isOn,
    setMicrophone: (on) => {
      microphone.isOn = on;
    },
  });
  return { microphone, talk };
}

it("turns a muted microphone on while the key is held", () => {
  const { microphone, talk } = newSubject(false);
  expect([talk.press(), microphone.isOn]).toEqual([true, true]);
  expect(talk.press()).toBe(true); // the key repeats
  expect([talk.release(), microphone.isOn]).toEqual([true, false]);
  expect(talk.release()).toBe(false);
});

it("leaves alone a microphone that is on", () => {
  const { microphone, talk } = newSubject(true);
  expect([talk.press(), talk.release(), microphone.isOn]).toEqual([false, false, true]);
});
