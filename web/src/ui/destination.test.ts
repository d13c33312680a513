import { expect, it } from "vitest";
import { roomPath, safeDestination, withDestination } from "./destination";

it.each([
  "//evil.example",
  "/\\evil.example",
  "https://evil.example",
  "javascript:alert(1)",
  "",
  null,
])("does not follow %s after the login", (path) => expect(safeDestination(path)).toBeNull());

it("carries a room's path through the login", () => {
  const path = roomPath("Tea & 100% cake?");
  const query = withDestination("/register?as=guest", path).split("?")[1];
  expect(safeDestination(new URLSearchParams(query).get("next"))).toBe(path);
});
