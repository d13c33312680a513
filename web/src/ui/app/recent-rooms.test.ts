import { expect, test } from "vitest";
import { readRecent, withRoom } from "./recent-rooms";

test("the latest room comes first, and each once", () => {
  let recent = withRoom(null, "ann@example.org", "garden");
  recent = withRoom(recent, "ann@example.org", "attic");
  recent = withRoom(recent, "ann@example.org", "garden");
  expect(recent.rooms).toEqual(["garden", "attic"]);
});

test("another person's rooms are forgotten", () => {
  const before = withRoom(null, "ann@example.org", "garden");
  expect(withRoom(before, "bob@example.org", "attic").rooms).toEqual(["attic"]);
});

test("so many are kept", () => {
  let recent = withRoom(null, "ann@example.org", "garden");
  for (let number = 0; number < 100; number += 1) {
    recent = withRoom(recent, "ann@example.org", `room ${number}`);
  }
  expect(recent.rooms).toHaveLength(24);
});

test.each([null, "", "7", "null", "{}", '{"who":1,"rooms":[]}', '{"who":"ann","rooms":[7]}'])(
  "%s is nothing that was remembered",
  (stored) => {
    expect(readRecent(stored)).toBeNull();
  },
);

test("what was remembered is read", () => {
  const recent = withRoom(null, "ann@example.org", "garden");
  expect(readRecent(JSON.stringify(recent))).toEqual(recent);
});
