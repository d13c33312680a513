import { expect, it } from "vitest";
import { roomInPath } from "./room-path";

it.each([
  ["/r/den", "den"],
  ["/r/the%20den/", "the den"],
  ["/r/50%25", "50%"],
  ["/r/50%", "50%"],
  ["/r/", ""],
  ["/r", ""],
  ["/register", ""],
  ["/", ""],
])("the path %s is that of the room %o", (path, room) => {
  expect(roomInPath(path)).toBe(room);
});
