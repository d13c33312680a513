import { expect, it } from "vitest";
import { CORNERS, cornerTowards, nearestCorner, nextCorner } from "./own-corner";

it("goes round all corners", () => {
  const visited = [nextCorner("bottom-end")];
  while (visited.length < 4) visited.push(nextCorner(visited.at(-1) ?? "bottom-end"));
  expect(visited.toSorted()).toEqual(CORNERS.toSorted());
});

it("moves towards a direction, and stays where there is no corner", () => {
  expect(cornerTowards("bottom-end", "top")).toBe("top-end");
  expect(cornerTowards("bottom-end", "start")).toBe("bottom-start");
  expect(cornerTowards("bottom-end", "end")).toBe("bottom-end");
});

it.each(CORNERS)("finds the corner %s again from a place near it", (corner) => {
  const left = corner.endsWith("start") ? 40 : 700;
  const top = corner.startsWith("top") ? 30 : 400;
  const stage = { width: 1000, height: 600 };
  expect(nearestCorner(stage, { left, top, width: 160, height: 90 })).toBe(corner);
});
