import { expect, it } from "vitest";
import { bestGrid } from "./tile-grid";

it.each([
  [1, 1],
  [2, 2],
  [4, 2],
  [5, 3],
  [9, 3],
])("shows %i tiles on a wide screen in %i columns", (count, columns) =>
  expect(bestGrid({ width: 1400, height: 800 }, count).columns).toBe(columns),
);

it.each([
  [1, 1],
  [2, 1],
  [3, 1],
  [4, 2],
  [6, 2],
])("shows %i tiles on an upright phone in %i columns", (count, columns) =>
  expect(bestGrid({ width: 360, height: 620 }, count).columns).toBe(columns),
);

it("lets every tile fit", () => {
  for (let count = 1; count <= 16; count++) {
    const size = { width: 1000, height: 600 };
    const { columns, width } = bestGrid(size, count);
    const rows = Math.ceil(count / columns);
    expect(columns * width + (columns + 1) * 12).toBeLessThanOrEqual(size.width + 1);
    expect((rows * width * 9) / 16 + (rows + 1) * 12).toBeLessThanOrEqual(size.height + 1);
  }
});
