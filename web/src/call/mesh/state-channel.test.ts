import { expect, it } from "vitest";
import { parseState, parseWishes } from "./state-channel";

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

it("understands what a peer wants of our pictures", () => {
  expect(parseWishes('{"version":1,"wants":{"camera":360,"screen":0}}')).toEqual({
    camera: 360,
    screen: 0,
  });
  expect(
    parseWishes('{"version":1,"wants":{"camera":-1,"screen":"720","hands":1},"more":1}'),
  ).toEqual({});
});

it.each([
  "",
  "null",
  '{"version":2,"wants":{"camera":360}}',
  '{"wants":{"camera":360}}',
  '{"version":1,"wants":null}',
  '{"version":1}',
  `{"version":1,"wants":{"camera":360},"x":"${"x".repeat(1000)}"}`,
])("hears no wish in %s", (data) => expect(parseWishes(data)).toBeNull());

it("writes wishes that an older client passes over", () => {
  expect(parseState('{"version":1,"wants":{"camera":360}}')).toBeNull();
});
