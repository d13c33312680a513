import { expect, test } from "vitest";
import { english as t } from "../../texts/loaded-texts";
import { peopleInCall } from "./people-in-call";

const people = [
  { username: "ann" },
  { username: "bob", displayName: "Bob Ross" },
  { username: "Guest" },
];
const call = (named: number, count: number) => ({
  room: "Garden",
  count,
  people: people.slice(0, named),
});

test("a card names some people and counts the others", () => {
  expect(peopleInCall(t, "en", call(1, 1))).toBe("In the call: ann");
  expect(peopleInCall(t, "en", call(2, 2))).toBe("In the call: ann, Bob Ross (bob)");
  expect(peopleInCall(t, "en", call(3, 4))).toBe(
    "In the call: ann, Bob Ross (bob), Guest and 1 other",
  );
  expect(peopleInCall(t, "en", call(3, 9))).toMatch(/ and 6 others$/);
});
