import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CORNERS } from "./own-corner";
import { inOrderOfSharing, layOutStage, type Place, type Tiles } from "./stage-layout";

const STAGES = [
  { width: 320, height: 400 },
  { width: 390, height: 700 },
  { width: 492, height: 260 },
  { width: 844, height: 280 },
  { width: 768, height: 890 },
  { width: 1280, height: 660 },
  { width: 3440, height: 1300 },
];
const MOST = 64;

const grid = (count: number): Tiles => ({
  count,
  large: [],
  hasLargeScreen: false,
  self: count - 1,
  corner: "bottom-end",
  page: 0,
});

const overlap = (one: Place, other: Place) =>
  one.left < other.left + other.width - 0.1 &&
  other.left < one.left + one.width - 0.1 &&
  one.top < other.top + other.height - 0.1 &&
  other.top < one.top + one.height - 0.1;

const area = ({ width, height }: Place) => width * height;

/** Any stage of a window that is not absurdly small, with any number of people and large tiles. */
const stages = fc.record({
  width: fc.integer({ min: 240, max: 3840 }),
  height: fc.integer({ min: 160, max: 2160 }),
});
const anyTiles = fc.integer({ min: 1, max: MOST }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    large: fc
      .uniqueArray(fc.integer({ min: 0, max: Math.max(0, count - 2) }), { maxLength: 5 })
      .map((large) => (count > 1 ? large.sort((a, b) => a - b) : [])),
    hasLargeScreen: fc.boolean(),
    self: fc.constantFrom(count - 1, null),
    corner: fc.constantFrom(...CORNERS),
    page: fc.integer({ min: 0, max: MOST }),
  }),
);

/** The layouts of all pages. */
function allPages(space: { width: number; height: number }, tiles: Tiles) {
  const { pages } = layOutStage(space, { ...tiles, page: 0 });
  return Array.from({ length: pages }, (_, page) => layOutStage(space, { ...tiles, page }));
}

const shownOn = (places: readonly (Place | null)[]) =>
  places.flatMap((place, index) => (place ? [index] : []));

describe("any stage with any tiles", () => {
  it("shows tiles inside itself, and none hides another or the buttons of the pages", () =>
    fc.assert(
      fc.property(stages, anyTiles, (space, tiles) => {
        const { places, pager, floats } = layOutStage(space, tiles);
        expect(places).toHaveLength(tiles.count);
        const shown = places.filter((place) => place !== null);
        const rectangles = pager ? [...shown, pager] : shown;
        for (const [index, place] of rectangles.entries()) {
          expect(place.width).toBeGreaterThan(20);
          expect(place.height).toBeGreaterThan(20);
          expect(place.left).toBeGreaterThanOrEqual(-0.1);
          expect(place.left + place.width).toBeLessThanOrEqual(space.width + 0.1);
          expect(place.top).toBeGreaterThanOrEqual(-0.1);
          expect(place.top + place.height).toBeLessThanOrEqual(space.height + 0.1);
          if (floats) continue;
          expect(rectangles.slice(index + 1).filter((other) => overlap(place, other))).toEqual([]);
        }
      }),
    ));

  it("loses nobody: each is on one page, what is large on every page", () =>
    fc.assert(
      fc.property(stages, anyTiles, (space, tiles) => {
        const pages = allPages(space, tiles).map(({ places }) => shownOn(places));
        for (let index = 0; index < tiles.count; index++) {
          const on = pages.filter((shown) => shown.includes(index)).length;
          if (tiles.large.includes(index)) expect(on).toBe(pages.length);
          else if (index === tiles.self) expect(on).toBeGreaterThanOrEqual(1);
          else expect(on).toBe(1);
        }
      }),
    ));

  it("keeps the order, from page to page and along the rows of each", () =>
    fc.assert(
      fc.property(stages, anyTiles, (space, tiles) => {
        const isOrdinary = (index: number) => index !== tiles.self && !tiles.large.includes(index);
        const pages = allPages(space, tiles);
        const order = pages.flatMap(({ places }) => shownOn(places).filter(isOrdinary));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        for (const { places } of pages) {
          const ordinary = places.filter((place, at) => place !== null && isOrdinary(at));
          const inRows = ordinary.toSorted((a, b) => {
            const [one, other] = [a as Place, b as Place];
            return Math.round(one.top - other.top) || one.left - other.left;
          });
          expect(ordinary).toEqual(inRows);
        }
      }),
    ));

  it("shows the nearest page to the one that is wanted", () =>
    fc.assert(
      fc.property(stages, anyTiles, (space, tiles) => {
        const { page, pages, pager } = layOutStage(space, tiles);
        expect(page).toBe(Math.min(tiles.page, pages - 1));
        expect(pager === null).toBe(pages === 1);
      }),
    ));

  it("has buttons for pages where there are several, though less room would do for all", () => {
    const tiles = { ...grid(21), large: [0, 1, 2], self: 20, corner: "top-start" as const };
    const { pages, pager } = layOutStage({ width: 240, height: 2116 }, tiles);
    expect([pages, pager === null]).toEqual([2, false]);
  });

  it("moves only those after a newcomer", () =>
    fc.assert(
      fc.property(stages, fc.integer({ min: 3, max: 40 }), (space, count) => {
        const before = allPages(space, { ...grid(count), self: null });
        const after = allPages(space, { ...grid(count + 1), self: null });
        if (before.length === 1) return;
        const firstOf = (pages: typeof before) => shownOn(pages[0]?.places ?? []);
        expect(firstOf(after)).toEqual(firstOf(before));
      }),
    ));
});

describe.each(STAGES)("on a stage of $width × $height", (space) => {
  const everybody = Array.from({ length: MOST }, (_, index) => index + 1);

  it.each(everybody)("%i people are legible", (count) => {
    for (const { places } of allPages(space, grid(count))) {
      for (const place of places.filter((place) => place !== null)) {
        expect(place.width).toBeGreaterThan(60);
        expect(place.height).toBeGreaterThan(45);
        if (count > 2) expect(area(place)).toBeGreaterThan(13_900);
      }
    }
  });

  it.each([3, 5, 9, 30])("a shared screen has the large place among %i people", (count) => {
    const tiles = { ...grid(count), large: [1], hasLargeScreen: true };
    for (const { places } of allPages(space, tiles)) {
      const screen = places[1] as Place;
      expect(area(screen)).toBeGreaterThan(0.28 * space.width * space.height);
      for (const face of places.filter((place) => place !== null && place !== screen)) {
        expect(area(face as Place)).toBeLessThan(0.5 * area(screen));
      }
    }
  });

  it("lets what is pinned share the large place", () => {
    const { places } = layOutStage(space, { ...grid(8), large: [0, 2, 3] });
    const [one, , other, third] = places as Place[];
    for (const place of [one, other, third]) {
      expect(area(place as Place)).toBeCloseTo(area(one as Place));
      expect(area(place as Place)).toBeGreaterThan(area(places[1] as Place) * 0.8);
    }
  });

  it.each(CORNERS)("the viewer floats in the corner %s over a single other", (corner) => {
    const { places, floats } = layOutStage(space, { ...grid(2), corner });
    const [other, self] = places as [Place, Place];
    expect(floats).toBe(true);
    const middle = { x: self.left + self.width / 2, y: self.top + self.height / 2 };
    expect(middle.x < space.width / 2).toBe(corner.endsWith("start"));
    expect(middle.y < space.height / 2).toBe(corner.startsWith("top"));
    expect(overlap(other, self)).toBe(true);
  });
});

it("gives the whole stage to a single other, where the viewer hides themselves", () => {
  const space = { width: 1280, height: 660 };
  const { places } = layOutStage(space, { ...grid(1), self: null });
  expect(places).toEqual([{ left: 12, top: 0, width: 1256, height: 660 }]);
});

it("needs no pages for two dozen in a window of a laptop", () => {
  for (let count = 1; count <= 24; count++) {
    expect(layOutStage({ width: 1280, height: 660 }, grid(count)).pages).toBe(1);
  }
});

it("has the viewer on each page of a grid", () => {
  const pages = allPages({ width: 390, height: 700 }, grid(30));
  expect(pages.length).toBeGreaterThan(2);
  for (const { places } of pages) expect(places[29]).not.toBeNull();
});

it("gives a speaker's face on an upright stage more height than a screen", () => {
  const space = { width: 390, height: 700 };
  const large = { ...grid(5), large: [0] };
  const [face] = layOutStage(space, large).places as Place[];
  const [screen] = layOutStage(space, { ...large, hasLargeScreen: true }).places as Place[];
  expect(face?.height).toBeGreaterThan((screen as Place).height);
});

it("shows nothing before the stage is measured", () =>
  expect(layOutStage({ width: 0, height: 0 }, grid(3)).places).toEqual([]));

it.each<[string, string[], string[], string[]]>([
  ["the first", [], ["ann"], ["ann"]],
  ["whoever begins later", ["ann"], ["ann", "bob"], ["ann", "bob"]],
  ["the later one, wherever they stand in the list", ["bob"], ["ann", "bob"], ["bob", "ann"]],
  ["the one before, when the later one ends", ["ann", "bob"], ["ann"], ["ann"]],
])("%s is the last in the order of sharing", (_, before, now, order) =>
  expect(inOrderOfSharing(before, now)).toEqual(order),
);
