import { expect, it } from "vitest";
import { OFF } from "../../call/device-view";
import { english as t } from "../../texts/loaded-texts";
import { mediaSentences, newsSentence } from "./media-notice";

const busy = { ...OFF, problem: "busy", isRetried: true } as const;
const missing = { ...OFF, problem: "missing" } as const;

it("says once what both devices have in common", () => {
  expect(mediaSentences(t, { microphone: busy, camera: busy })).toEqual([
    "Your camera or microphone is in use by another program.",
    "Parlour keeps trying.",
  ]);
  expect(mediaSentences(t, { microphone: missing, camera: missing })).toEqual([
    "No camera or microphone was found.",
    "As soon as you plug one in, it’s used.",
  ]);
});

it("says what happens by itself, and nothing that does not", () => {
  expect(mediaSentences(t, { microphone: missing, camera: OFF })).toEqual([
    "No microphone was found.",
    "As soon as you plug one in, it’s used.",
  ]);
  const asked = { ...busy, isRetried: false };
  expect(mediaSentences(t, { microphone: OFF, camera: asked })).toEqual([
    "Your camera is in use by another program.",
  ]);
  expect(mediaSentences(t, { microphone: OFF, camera: OFF })).toEqual([]);
});

it.each([
  ["replaced", "Headset", "“Headset” was disconnected. Now using “Webcam”."],
  ["replaced", null, "Now using the microphone “Webcam”."],
  ["returned", null, "“Webcam” is back and in use again."],
  ["default-moved", null, "Your system’s default has changed. Now using “Webcam”."],
  ["recovered", null, "Your microphone works now."],
] as const)("announces that a device was %s (of %s)", (kind, former, sentence) => {
  expect(newsSentence(t, "microphone", { kind, name: "Webcam", former })).toBe(sentence);
});
