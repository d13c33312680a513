import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fitted,
  layOutPicture,
  MOST_PLACES,
  PICTURE,
  type PicturePlace,
  type Seat,
} from "./picture-layout";

const people = (count: number): Seat[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `p${index}`,
    kind: "person",
    name: `Person ${index}`,
    hasPicture: true,
  }));
const screen: Seat = { id: "screen", kind: "screen", name: "A screen", hasPicture: true };
const ids = (places: readonly PicturePlace[]) => places.map(({ seat }) => seat.id);

function overlap(a: PicturePlace, b: PicturePlace): boolean {
  const apart =
    a.left + a.width <= b.left ||
    b.left + b.width <= a.left ||
    a.top + a.height <= b.top ||
    b.top + b.height <= a.top;
  return !apart;
}

describe("the recorded picture", () => {
  it("has no places that overlap or leave it, and shows whoever speaks", () => {
    const seats = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 3 }))
      .map(([count, screens]) => [
        ...people(count),
        ...Array.from({ length: screens }, (_, index) => ({ ...screen, id: `s${index}` })),
      ]);
    const view = fc.constantFrom("grid" as const, "speaker" as const);
    const property = fc.property(seats, view, fc.nat(45), (all, chosen, at) => {
      const speaker = all[at]?.kind === "person" ? (all[at]?.id ?? null) : null;
      const places = layOutPicture(all, { view: chosen, speaker });
      expect(places.length).toBeGreaterThan(0);
      expect(places.length).toBeLessThanOrEqual(MOST_PLACES);
      expect(new Set(ids(places)).size).toBe(places.length);
      if (speaker) expect(ids(places)).toContain(speaker);
      for (const [index, place] of places.entries()) {
        expect(Math.min(place.left, place.top)).toBeGreaterThanOrEqual(0);
        expect(Math.min(place.width, place.height)).toBeGreaterThan(30);
        expect(place.left + place.width).toBeLessThanOrEqual(PICTURE.width);
        expect(place.top + place.height).toBeLessThanOrEqual(PICTURE.height);
        expect(places.slice(index + 1).some((other) => overlap(place, other))).toBe(false);
      }
    });
    fc.assert(property);
  });

  it("is empty where nobody is there", () =>
    expect(layOutPicture([], { view: "speaker", speaker: null })).toEqual([]));

  it("gives the large place to a screen, then to the speaker", () => {
    const largest = (places: readonly PicturePlace[]) =>
      places.reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a)).seat.id;
    const speaking = { view: "speaker", speaker: "p1" } as const;
    expect(largest(layOutPicture(people(3), speaking))).toBe("p1");
    expect(largest(layOutPicture([...people(3), screen], speaking))).toBe("screen");
    expect(largest(layOutPicture([...people(3), screen], { ...speaking, view: "grid" }))).toBe(
      "screen",
    );
  });

  it("shows one alone on the whole of it", () => {
    const [place] = layOutPicture(people(1), { view: "speaker", speaker: null });
    expect(place).toMatchObject({ left: 0, top: 0, ...PICTURE });
  });
});

it("fits pictures as styles do", () => {
  const wide = { width: 200, height: 100 };
  const square = { width: 100, height: 100 };
  expect(fitted(wide, square, "cover")).toEqual({ left: -50, top: 0, width: 200, height: 100 });
  expect(fitted(wide, square, "contain")).toEqual({ left: 0, top: 25, width: 100, height: 50 });
});
