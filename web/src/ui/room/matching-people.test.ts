import { expect, it } from "vitest";
import { matchingPeople } from "./matching-people";

const people = [
  { username: "ann", displayName: "Ann Öztürk" },
  { username: "bob" },
  { username: "cyd", displayName: "Robert" },
];
const found = (search: string) => matchingPeople(people, search).map(({ username }) => username);

it("finds people by either of their names, in any case", () => {
  expect(found("")).toEqual(["ann", "bob", "cyd"]);
  expect(found(" öZT ann")).toEqual(["ann"]);
  expect(found("OB")).toEqual(["bob", "cyd"]);
  expect(found("bob ann")).toEqual([]);
});
