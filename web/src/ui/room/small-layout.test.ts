import fc from "fast-check";
import { expect, it } from "vitest";
import { layOutSmall } from "./small-layout";
import type { Tiles } from "./stage-layout";

const tiles = (count: number, large: number[] = []): Tiles => ({
  count,
  large,
  hasLargeScreen: false,
  self: count - 1,
  corner: "bottom-end",
  page: 3,
});
const shown = (width: number, height: number, of: Tiles, focus = 0) =>
  layOutSmall({ width, height }, of, focus).flatMap((place, index) => (place ? [index] : []));

it("shows all tiles where they are legible", () => {
  expect(shown(420, 270, tiles(2))).toEqual([0, 1]);
  expect(shown(420, 270, tiles(4))).toEqual([0, 1, 2, 3]);
});

it("shows what is looked at alone where they are not", () => {
  expect(shown(420, 270, tiles(12), 7)).toEqual([7]);
  expect(shown(240, 120, tiles(9, [3, 4]))).toEqual([3, 4]);
});

it("always shows something, and what is large or looked at in any case", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 120, max: 1200 }),
      fc.integer({ min: 60, max: 900 }),
      fc.integer({ min: 1, max: 60 }),
      (width, height, count) => {
        const focus = Math.max(0, Math.floor(count / 2) - 1);
        const places = layOutSmall({ width, height }, tiles(count), focus);
        expect(places).toHaveLength(count);
        expect(places[focus]).not.toBeNull();
      },
    ),
  ));
