import { describe, expect, it } from "vitest";
import { inOrderOfSharing, layOutStage, type Place } from "./stage-layout";

const STAGES = [
  { width: 320, height: 400 },
  { width: 390, height: 700 },
  { width: 492, height: 260 },
  { width: 844, height: 280 },
  { width: 768, height: 890 },
  { width: 1280, height: 660 },
  { width: 3440, height: 1300 },
];

const overlap = (one: Place, other: Place) =>
  one.left < other.left + other.width &&
  other.left < one.left + one.width &&
  one.top < other.top + other.height &&
  other.top < one.top + one.height;

describe.each(STAGES)("on a stage of $width × $height", (space) => {
  const everybody = Array.from({ length: 64 }, (_, index) => index + 1);

  it.each(everybody)("%i people have tiles that fit or scroll, and none hides another", (count) => {
    const { places, height } = layOutStage(space, { count, featured: null });
    expect(places).toHaveLength(count);
    for (const [index, place] of places.entries()) {
      expect(place.width).toBeGreaterThan(60);
      expect(place.height).toBeGreaterThan(45);
      expect(place.left).toBeGreaterThanOrEqual(0);
      expect(place.left + place.width).toBeLessThanOrEqual(space.width);
      expect(place.top).toBeGreaterThanOrEqual(0);
      expect(place.top + place.height).toBeLessThanOrEqual(height + 0.1);
      // Of two people, the viewer stands before the other.
      if (count !== 2) {
        expect(places.slice(index + 1).filter((other) => overlap(place, other))).toEqual([]);
      }
    }
  });

  it.each([2, 3, 5, 9, 30])("a shared screen has the large place among %i people", (count) => {
    const featured = count === 2 ? 0 : 1;
    const { places } = layOutStage(space, { count, featured });
    const screen = places[featured] as Place;
    expect(screen.top).toBeGreaterThanOrEqual(0);
    expect(screen.top + screen.height).toBeLessThanOrEqual(space.height);
    expect(screen.width * screen.height).toBeGreaterThan(0.28 * space.width * space.height);
    for (const face of places.filter((place) => place !== screen)) {
      expect(overlap(screen, face)).toBe(false);
      expect(face.left + face.width).toBeLessThanOrEqual(space.width);
      expect(face.width * face.height).toBeLessThan(0.5 * screen.width * screen.height);
    }
  });
});

it("scrolls nobody of nine in a window of a laptop", () => {
  for (let count = 1; count <= 9; count++) {
    const space = { width: 1280, height: 660 };
    expect(layOutStage(space, { count, featured: null }).height).toBe(space.height);
  }
});

it("shows nothing before the stage is measured", () =>
  expect(layOutStage({ width: 0, height: 0 }, { count: 3, featured: null }).places).toEqual([]));

it.each<[string, string[], string[], string[]]>([
  ["the first", [], ["ann"], ["ann"]],
  ["whoever begins later", ["ann"], ["ann", "bob"], ["ann", "bob"]],
  ["the later one, wherever they stand in the list", ["bob"], ["ann", "bob"], ["bob", "ann"]],
  ["the one before, when the later one ends", ["ann", "bob"], ["ann"], ["ann"]],
])("%s is the last in the order of sharing", (_, before, now, order) =>
  expect(inOrderOfSharing(before, now)).toEqual(order),
);
