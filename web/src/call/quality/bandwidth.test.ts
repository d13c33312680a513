import { expect, it } from "vitest";
import {
  Bandwidth,
  LEAST_VIDEO,
  LONGEST_WAIT_MS,
  OPENING,
  SHARE,
  TRY_MS,
  WAIT_MS,
} from "./bandwidth";

const SOUND = 40_000;

function estimated(...estimates: number[]): Bandwidth {
  const bandwidth = new Bandwidth();
  bandwidth.forPictures(SOUND, 0);
  for (const estimate of estimates) bandwidth.note(estimate, 0);
  return bandwidth;
}
const bitrate = (bandwidth: Bandwidth, now = 0) => bandwidth.forPictures(SOUND, now).bitrate;
const isTrying = (bandwidth: Bandwidth, now: number) => bandwidth.forPictures(SOUND, now).isTrying;

it("trusts a connection with something while its estimate grows, and follows it up", () => {
  expect(estimated().forPictures(SOUND, 0)).toEqual({ bitrate: OPENING, isTrying: true });
  expect(bitrate(estimated(300_000))).toBe(OPENING);
  expect(bitrate(estimated(300_000, 2_000_000))).toBe(2_000_000 * SHARE - SOUND);
  expect(estimated(300_000, 300_000).isOpening).toBe(true);
  expect(estimated(300_000, 300_000, 300_000).isOpening).toBe(false);
});

it("knows nothing in browsers that make no estimates", () => {
  const bandwidth = new Bandwidth();
  bandwidth.note(null, 0);
  expect(bandwidth.forPictures(SOUND, 0)).toEqual({ bitrate: null, isTrying: false });
  expect(bandwidth.isOpening).toBe(false);
});

it("leaves what the sound takes, of a share of the least of the latest estimates", () => {
  const bandwidth = estimated(100_000, 800_000, 1_000_000, 900_000);
  expect(bitrate(bandwidth)).toBe(800_000 * SHARE - SOUND);
});

it("pauses pictures that would take from the sound, and tries again, less and less often", () => {
  const bandwidth = estimated(60_000, 60_000, 60_000);
  expect(bitrate(bandwidth, 0)).toBe(0);
  expect(bitrate(bandwidth, WAIT_MS - 1)).toBe(0);
  expect(bitrate(bandwidth, WAIT_MS)).toBe(LEAST_VIDEO);
  const failed = WAIT_MS + TRY_MS;
  expect(bitrate(bandwidth, failed)).toBe(0);
  expect(bitrate(bandwidth, failed + WAIT_MS)).toBe(0);
  expect(bitrate(bandwidth, failed + 2 * WAIT_MS)).toBe(LEAST_VIDEO);
});

it("comes back where the estimate grows in a try, and then waits briefly again", () => {
  const bandwidth = estimated(60_000, 60_000, 60_000);
  expect(bitrate(bandwidth, WAIT_MS)).toBe(LEAST_VIDEO);
  for (const estimate of [200_000, 210_000, 220_000]) bandwidth.note(estimate, WAIT_MS);
  expect(bitrate(bandwidth, WAIT_MS + 1)).toBe(200_000 * SHARE - SOUND);
  const over = WAIT_MS + TRY_MS;
  expect(isTrying(bandwidth, over)).toBe(false);
  expect(isTrying(bandwidth, over + WAIT_MS)).toBe(true);
});

it("tries more than the estimate from time to time, but not on a line that is congested", () => {
  const bandwidth = estimated(500_000, 500_000, 500_000);
  expect(isTrying(bandwidth, WAIT_MS - 1)).toBe(false);
  expect(bandwidth.forPictures(SOUND, WAIT_MS)).toEqual({
    bitrate: 500_000 * SHARE - SOUND,
    isTrying: true,
  });
  bandwidth.note(500_000, WAIT_MS, true);
  expect(isTrying(bandwidth, WAIT_MS + 1)).toBe(false);
  expect(isTrying(bandwidth, 2 * WAIT_MS)).toBe(true);
});

it("never waits longer than so long", () => {
  const bandwidth = estimated(0, 0, 0);
  let [pause, longest] = [0, 0];
  for (let now = 0; now < 3_600_000; now += 1_000) {
    pause = bitrate(bandwidth, now) === 0 ? pause + 1_000 : 0;
    longest = Math.max(longest, pause);
  }
  expect(longest).toBeLessThanOrEqual(LONGEST_WAIT_MS + 1_000);
});
