import { expect, it } from "vitest";
import { parseState } from "./state-channel";

it("understands what a peer tells of its devices", () => {
  expect(parseState('{"microphone":true,"camera":false}')).toEqual({
    on: { microphone: true, camera: false, screen: false },
    screenMid: undefined,
  });
  expect(parseState('{"microphone":true,"camera":true,"screen":true}')?.on.screen).toBe(true);
});

it.each(["", "null", "[]", "{", '{"microphone":1,"camera":0}', `"${"x".repeat(2000)}"`])(
  "passes over %s",
  (data) => expect(parseState(data)).toBeNull(),
);

it("passes over what is no text", () => expect(parseState(new ArrayBuffer(4))).toBeNull());

it.each([
  ["null", null],
  ['"2"', "2"],
  ["2", undefined],
  [`"${"2".repeat(40)}"`, undefined],
])("understands %s as the section of a screen", (written, screenMid) => {
  const data = `{"microphone":true,"camera":true,"screen":true,"screenMid":${written}}`;
  expect(parseState(data)?.screenMid).toBe(screenMid);
});
