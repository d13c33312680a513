import { expect, it } from "vitest";
import { OwnSpeech, SPEAKS_ON_MS } from "./own-speech";

it("lasts from the first word until a while after the last", () => {
  const speech = new OwnSpeech();
  expect(speech.isSpeaking(0)).toBe(false);
  speech.hear(true, 1_000);
  expect(speech.isSpeaking(60_000)).toBe(true);
  expect(speech.endsAt(60_000)).toBeNull();
  speech.hear(false, 60_000);
  speech.hear(false, 61_000);
  expect(speech.endsAt(61_000)).toBe(60_000 + SPEAKS_ON_MS);
  expect(speech.isSpeaking(60_000 + SPEAKS_ON_MS - 1)).toBe(true);
  expect(speech.isSpeaking(60_000 + SPEAKS_ON_MS)).toBe(false);
  expect(speech.endsAt(60_000 + SPEAKS_ON_MS)).toBeNull();
});
