import { expect, test } from "vitest";
import { loudestPart, meterFill } from "./loudness";

test.each([
  [0, 0],
  [-1, 0],
  [0.0005, 0],
  [0.0157, 0.5], // -36 dB
  [0.3, 1],
  [1, 1],
])("a level of %f fills %f of the meter", (level, fill) => {
  expect(meterFill(level)).toBeCloseTo(fill, 1);
});

test("a sound of 20 ms in half a second of silence is nearly as loud as by itself", () => {
  const samples = new Float32Array(32_768).fill(0.1, 20_000, 20_960);
  expect(loudestPart(samples)).toBeGreaterThan(0.09);
  expect(loudestPart(new Float32Array(512).fill(-0.1))).toBeCloseTo(0.1, 5);
  expect(loudestPart(new Float32Array(512))).toBe(0);
});
