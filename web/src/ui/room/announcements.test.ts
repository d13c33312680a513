import { expect, it } from "vitest";
import { betterAndWorse, comingAndGoing } from "./announcements";

const ann = { id: "1", username: "ann" };
const bob = { id: "2", username: "bob" };

it("says who came and who went, and nothing of who stays", () => {
  expect(comingAndGoing([], [ann, bob])).toEqual(["ann, bob joined"]);
  expect(comingAndGoing([ann, bob], [bob])).toEqual(["ann left"]);
  expect(comingAndGoing([ann], [bob])).toEqual(["bob joined", "ann left"]);
  expect(comingAndGoing([ann], [{ ...ann }])).toEqual([]);
});

it("says whose connection became poor or better, once", () => {
  const standing = (mark: "good" | "fair" | "poor") => ({ mark, isSevere: false });
  const poor = { ...ann, standing: standing("poor") };
  const fair = { ...ann, standing: standing("fair") };
  const unknown = { ...ann, standing: null };
  expect(betterAndWorse([], [poor])).toEqual(["Connection with ann is poor"]);
  expect(betterAndWorse([fair], [poor])).toEqual(["Connection with ann is poor"]);
  expect(betterAndWorse([poor], [poor])).toEqual([]);
  expect(betterAndWorse([poor], [fair])).toEqual(["Connection with ann is better again"]);
  expect(betterAndWorse([poor], [unknown])).toEqual([]);
  expect(betterAndWorse([poor], [])).toEqual([]);
});
