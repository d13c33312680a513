import { expect, test } from "vitest";
import { readChoice } from "./device-choice";

const NONE = { microphone: null, camera: null, speaker: null };

test("without a choice both devices are on, and the browser chooses which", () => {
  expect(readChoice(null)).toEqual({ microphone: true, camera: true, chosen: NONE });
});

test("a choice of an older version still counts", () => {
  const stored = JSON.stringify({ microphone: false, camera: true });
  expect(readChoice(stored)).toEqual({ microphone: false, camera: true, chosen: NONE });
});

test("devices that were chosen are kept, and what is no id counts as none", () => {
  const stored = JSON.stringify({ camera: false, chosen: { speaker: "hall", camera: 7 } });
  expect(readChoice(stored)).toEqual({
    microphone: true,
    camera: false,
    chosen: { ...NONE, speaker: "hall" },
  });
});
