import { expect, it } from "vitest";
import { pagesTurned } from "./swipe";

const from = { x: 200, y: 200 };

it.each([
  ["to the left", { x: 100, y: 210 }, 1],
  ["to the right", { x: 300, y: 190 }, -1],
  ["a little", { x: 170, y: 200 }, 0],
  ["down", { x: 210, y: 400 }, 0],
  ["rather down than aside", { x: 260, y: 260 }, 0],
])("a finger that moves %s", (_, to, pages) => {
  expect(pagesTurned(from, to, { isRtl: false })).toBe(pages);
  expect(pagesTurned(from, to, { isRtl: true }) + pages).toBe(0);
});
