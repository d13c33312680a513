import { expect, it } from "vitest";
import { LateFall } from "./late-fall";

it("rises at once, and falls once it has been less for long", () => {
  const number = new LateFall(100);
  expect(number.of(3, 0)).toBe(3);
  expect(number.of(2, 50)).toBe(3);
  expect(number.of(3, 90)).toBe(3);
  expect(number.of(1, 189)).toBe(3);
  expect(number.of(2, 190)).toBe(2);
  expect(number.of(4, 191)).toBe(4);
});
