import { expect, it } from "vitest";
import { shortened, textLength } from "./length";
import * as rules from "./rules";

const FACE = "🙂";

it("counts code points, as the server does", () => {
  expect(textLength(`a${FACE}é`)).toBe(3);
  expect(rules.password(FACE.repeat(7))).not.toBeNull();
  expect(rules.password(FACE.repeat(8))).toBeNull();
  expect(rules.password(FACE.repeat(128))).toBeNull();
  expect(rules.password(FACE.repeat(129))).not.toBeNull();
  expect(rules.roomPassword(FACE.repeat(128))).toBeNull();
  expect(rules.roomPassword(FACE.repeat(129))).not.toBeNull();
  expect(rules.description(FACE.repeat(1000))).toBeNull();
  expect(rules.description(FACE.repeat(1001))).not.toBeNull();
  expect(rules.roomName(FACE.repeat(64))).toBeNull();
  expect(rules.roomName(FACE.repeat(65))).not.toBeNull();
});

it("never cuts a character in half", () => {
  expect(shortened(FACE.repeat(3), 2)).toBe(FACE.repeat(2));
});
