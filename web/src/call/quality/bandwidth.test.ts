import { expect, it } from "vitest";
import {
  Bandwidth,
  LEAST_VIDEO,
  MOST_PAUSE_MS,
  OPENING,
  PAUSE_MS,
  SHARE,
  TRY_MS,
} from "./bandwidth";

const SOUND = 40_000;

function estimated(...estimates: number[]): Bandwidth {
  const bandwidth = new Bandwidth();
  for (const estimate of estimates) bandwidth.note(estimate);
  return bandwidth;
}

it("trusts a connection with something while its estimate grows, and follows it up", () => {
  expect(estimated().forPictures(SOUND, 0)).toBe(OPENING);
  expect(estimated(300_000).forPictures(SOUND, 0)).toBe(OPENING);
  expect(estimated(300_000, 2_000_000).forPictures(SOUND, 0)).toBe(2_000_000 * SHARE - SOUND);
  expect(estimated(300_000, 300_000).isOpening).toBe(true);
  expect(estimated(300_000, 300_000, 300_000).isOpening).toBe(false);
});

it("knows nothing in browsers that make no estimates", () => {
  const bandwidth = new Bandwidth();
  bandwidth.note(null);
  expect(bandwidth.forPictures(SOUND, 0)).toBeNull();
  expect(bandwidth.isOpening).toBe(false);
});

it("leaves what the sound takes, of a share of the least of the latest estimates", () => {
  const bandwidth = estimated(100_000, 800_000, 1_000_000, 900_000);
  expect(bandwidth.forPictures(SOUND, 0)).toBe(800_000 * SHARE - SOUND);
});

it("pauses pictures that would take from the sound, and tries again, less and less often", () => {
  const bandwidth = estimated(60_000, 60_000, 60_000);
  const shown = (now: number) => bandwidth.forPictures(SOUND, now);
  expect(shown(0)).toBe(0);
  expect(shown(PAUSE_MS - 1)).toBe(0);
  expect(shown(PAUSE_MS)).toBe(LEAST_VIDEO);
  const failed = PAUSE_MS + TRY_MS;
  expect(shown(failed)).toBe(0);
  expect(shown(failed + PAUSE_MS)).toBe(0);
  expect(shown(failed + 2 * PAUSE_MS)).toBe(LEAST_VIDEO);
});

it("comes back where the estimate grows in a try, and then pauses briefly again", () => {
  const bandwidth = estimated(60_000, 60_000, 60_000);
  bandwidth.forPictures(SOUND, 0);
  bandwidth.forPictures(SOUND, PAUSE_MS);
  for (const estimate of [200_000, 210_000, 220_000]) bandwidth.note(estimate);
  expect(bandwidth.forPictures(SOUND, PAUSE_MS + 1)).toBe(200_000 * SHARE - SOUND);
  for (let times = 0; times < 3; times++) bandwidth.note(60_000);
  const again = 1_000_000;
  expect(bandwidth.forPictures(SOUND, again)).toBe(0);
  expect(bandwidth.forPictures(SOUND, again + PAUSE_MS)).toBe(LEAST_VIDEO);
});

it("never waits longer than so long", () => {
  const bandwidth = estimated(0, 0, 0);
  let [pause, longest] = [0, 0];
  for (let now = 0; now < 3_600_000; now += 1_000) {
    pause = bandwidth.forPictures(SOUND, now) === 0 ? pause + 1_000 : 0;
    longest = Math.max(longest, pause);
  }
  expect(longest).toBeLessThanOrEqual(MOST_PAUSE_MS + 1_000);
});
