import { expect, test } from "vitest";
import { scrolledUpBy } from "./scroll-position";

const box = { scrollHeight: 1_000, clientHeight: 300 };

test("a box that stays where it was seen, or goes down, is not scrolled up", () => {
  expect(scrolledUpBy({ ...box, scrollTop: 700 }, 700)).toBe(0);
  expect(scrolledUpBy({ ...box, scrollTop: 699.5 }, 700)).toBe(0);
  expect(scrolledUpBy({ ...box, scrollTop: 500 }, 200)).toBe(0);
});

test("a box that a person moved up is, also where its height changed at once", () => {
  expect(scrolledUpBy({ ...box, scrollTop: 0 }, 700)).toBe(700);
  expect(scrolledUpBy({ ...box, clientHeight: 200, scrollTop: 0 }, 700)).toBe(700);
});

test("what the browser moves up, since there is no more to show, is not a scroll", () => {
  expect(scrolledUpBy({ ...box, clientHeight: 400, scrollTop: 600 }, 700)).toBe(0);
  expect(scrolledUpBy({ ...box, scrollHeight: 800, scrollTop: 500 }, 700)).toBe(0);
  expect(scrolledUpBy({ scrollHeight: 200, clientHeight: 300, scrollTop: 0 }, 700)).toBe(0);
});
