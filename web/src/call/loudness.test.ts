import { expect, test } from "vitest";
import { meterFill } from "./loudness";

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
