import fc from "fast-check";
import { expect, it } from "vitest";
import { RUNGS } from "./picture-ladder";
import { DOWN_AFTER_MS, NOTHING_AFTER_MS, UP_AFTER_MS, Wish } from "./wishes";

const view = {};

function shown(height: number): Wish {
  const wish = new Wish(0);
  wish.show(view, height, 0);
  wish.settle(UP_AFTER_MS);
  return wish;
}

it("is the size that fills the tile, a little after it is shown", () => {
  const wish = new Wish(0);
  expect(wish.current).toBeUndefined();
  wish.show(view, 350, 0);
  expect(wish.settle(UP_AFTER_MS - 1)).toBe(false);
  expect(wish.settle(UP_AFTER_MS)).toBe(true);
  expect(wish.current).toBe(360);
  expect(wish.dueAt).toBeNull();
});

it("grows soon, by the last size of a layout that is still changing", () => {
  const wish = shown(180);
  wish.show(view, 500, 1_000);
  wish.show(view, 700, 1_050);
  wish.settle(1_000 + UP_AFTER_MS);
  expect(wish.current).toBe(720);
});

it("shrinks late, and not at all where the tile grows back", () => {
  const wish = shown(720);
  wish.show(view, 180, 1_000);
  expect(wish.settle(1_000 + DOWN_AFTER_MS - 1)).toBe(false);
  wish.show(view, 720, 1_000 + DOWN_AFTER_MS - 1);
  expect(wish.settle(100_000)).toBe(false);
  wish.show(view, 180, 200_000);
  wish.settle(200_000 + DOWN_AFTER_MS);
  expect(wish.current).toBe(180);
});

it("ends last of all, and is back soon", () => {
  const wish = shown(720);
  wish.show(view, 0, 1_000);
  expect(wish.settle(1_000 + NOTHING_AFTER_MS - 1)).toBe(false);
  wish.settle(1_000 + NOTHING_AFTER_MS);
  expect(wish.current).toBe(0);
  wish.show(view, 90, 20_000);
  wish.settle(20_000 + UP_AFTER_MS);
  expect(wish.current).toBe(90);
});

it("is nothing for what has never been shown", () => {
  const wish = new Wish(0);
  wish.settle(NOTHING_AFTER_MS);
  expect(wish.current).toBe(0);
});

it("is for the largest of several views", () => {
  const wish = shown(720);
  wish.show({}, 180, 0);
  wish.hide(view, 0);
  wish.settle(DOWN_AFTER_MS);
  expect(wish.current).toBe(180);
});

it("follows any history in the end, and changes seldom", () => {
  const step = fc.record({
    height: fc.integer({ min: 0, max: 2160 }),
    after: fc.integer({ min: 1, max: 3_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 50 }), (steps) => {
      const wish = new Wish(0);
      let now = 0;
      let changes = 0;
      for (const { height, after } of steps) {
        wish.show(view, height, now);
        now += after;
        if (wish.settle(now)) changes += 1;
      }
      now += NOTHING_AFTER_MS;
      wish.settle(now);
      const height = steps.at(-1)?.height ?? 0;
      const current = wish.current ?? -1;
      if (height === 0) expect(current).toBe(0);
      else {
        expect(RUNGS.map(({ lines }) => lines)).toContain(current);
        expect(current * 1.05).toBeGreaterThanOrEqual(Math.min(height, 1080));
      }
      // Older peers close a channel over which more than ten messages a second come.
      expect(changes).toBeLessThanOrEqual(now / UP_AFTER_MS);
    }),
  );
});
