import { expect, it } from "vitest";
import { comingAndGoing } from "./announcements";

const ann = { id: "1", username: "ann" };
const bob = { id: "2", username: "bob" };

it("says who came and who went, and nothing of who stays", () => {
  expect(comingAndGoing([], [ann, bob])).toEqual(["ann, bob joined"]);
  expect(comingAndGoing([ann, bob], [bob])).toEqual(["ann left"]);
  expect(comingAndGoing([ann], [bob])).toEqual(["bob joined", "ann left"]);
  expect(comingAndGoing([ann], [{ ...ann }])).toEqual([]);
});
