import { expect, it } from "vitest";
import { windowOf } from "./fake-window";
import { chartOf, MEASURES, measured, summaryOf } from "./series";
import type { HealthWindow } from "./window";

const record = (id: string, ...windows: HealthWindow[]) => ({
  id,
  username: id,
  displayName: undefined,
  isHere: true,
  standing: null,
  unreachable: null,
  windows,
});

it("lays records over each other, with gaps", () => {
  const chart = chartOf(
    [
      record("a", windowOf({ slot: 3, roundTripMs: 10 }), windowOf({ slot: 6, roundTripMs: 20 })),
      record("b", windowOf({ slot: 5, roundTripMs: null }), windowOf({ slot: 7, roundTripMs: 30 })),
      record("silent"),
    ],
    "round-trip",
  );
  expect(chart).toEqual({
    slots: [3, 4, 5, 6, 7],
    series: [
      { id: "a", values: [10, null, null, 20, null] },
      { id: "b", values: [null, null, null, null, 30] },
    ],
  });
});

it("is empty where nothing was measured", () => {
  for (const measure of MEASURES) {
    expect(chartOf([record("a")], measure)).toEqual({ slots: [], series: [] });
  }
});

it("measures in the units that are shown", () => {
  const window = windowOf({ lossIn: 0.02, lossOut: null, received: 1_500_000, jitterMs: 3 });
  expect(MEASURES.map((measure) => measured(window, measure))).toEqual([40, 2, 3, 1.5, 0.7, 30]);
});

it("sums up what is known", () => {
  expect(summaryOf([null, 3, 1, null, 2, 9])).toEqual({ least: 1, median: 2, most: 9 });
  expect(summaryOf([null])).toBeNull();
});
