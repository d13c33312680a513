import { expect, it } from "vitest";
import { english as t } from "../../texts/loaded-texts";
import { betterAndWorse, comingAndGoing, handsUp, sharingChanges } from "./announcements";

const ann = { id: "1", username: "ann" };
const bob = { id: "2", username: "bob" };

it("says who came and who went, and nothing of who stays", () => {
  expect(comingAndGoing(t, [], [ann, bob])).toEqual(["ann, bob joined"]);
  expect(comingAndGoing(t, [ann, bob], [bob])).toEqual(["ann left"]);
  expect(comingAndGoing(t, [ann], [bob])).toEqual(["bob joined", "ann left"]);
  expect(comingAndGoing(t, [ann], [{ ...ann }])).toEqual([]);
});

it("says whose connection became poor or better, once", () => {
  const standing = (mark: "good" | "fair" | "poor") => ({ mark, isSevere: false });
  const poor = { ...ann, standing: standing("poor") };
  const fair = { ...ann, standing: standing("fair") };
  const unknown = { ...ann, standing: null };
  expect(betterAndWorse(t, [], [poor])).toEqual(["Connection with ann is poor"]);
  expect(betterAndWorse(t, [fair], [poor])).toEqual(["Connection with ann is poor"]);
  expect(betterAndWorse(t, [poor], [poor])).toEqual([]);
  expect(betterAndWorse(t, [poor], [fair])).toEqual(["Connection with ann is better again"]);
  expect(betterAndWorse(t, [poor], [unknown])).toEqual([]);
  expect(betterAndWorse(t, [poor], [])).toEqual([]);
});

it("says whose hand went up, and its place", () => {
  const people = [ann, bob];
  expect(handsUp(t, [], ["2"], people)).toEqual(["bob raised a hand (number 1)"]);
  expect(handsUp(t, ["2"], ["2", "self", "1"], people)).toEqual([
    "Your hand is up (number 2)",
    "ann raised a hand (number 3)",
  ]);
  expect(handsUp(t, ["2", "1"], ["1"], people)).toEqual([]);
  expect(handsUp(t, [], ["gone"], people)).toEqual([]);
});

it("says who shares a screen, one more, or one less", () => {
  const sharing = (count: number) => ({ ...ann, screens: Array.from({ length: count }) });
  expect(sharingChanges(t, [sharing(0)], [sharing(1)])).toEqual(["ann is sharing a screen"]);
  expect(sharingChanges(t, [], [sharing(1)])).toEqual(["ann is sharing a screen"]);
  expect(sharingChanges(t, [sharing(1)], [sharing(2)])).toEqual(["ann is sharing a screen"]);
  expect(sharingChanges(t, [sharing(1)], [sharing(1)])).toEqual([]);
  expect(sharingChanges(t, [sharing(2)], [sharing(1)])).toEqual(["ann stopped sharing a screen"]);
  expect(sharingChanges(t, [sharing(1)], [])).toEqual([]);
});
