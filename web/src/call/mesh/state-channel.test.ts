import { expect, it } from "vitest";
import { parseNews, parseState } from "./state-channel";

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

it("understands what a peer wants of our pictures, and which of theirs are paused", () => {
  expect(parseNews('{"version":1,"wants":{"camera":360,"screen":0}}')).toEqual({
    wants: { camera: 360, screen: 0 },
  });
  expect(parseNews('{"version":1,"paused":["screen","hands"]}')).toEqual({ paused: ["screen"] });
  expect(parseNews('{"version":1,"records":true}')).toEqual({ records: true });
  expect(parseNews('{"version":1,"records":1}')).toEqual({});
  const odd = '{"version":1,"wants":{"camera":-1,"screen":"720","hands":1},"paused":1,"more":1}';
  expect(parseNews(odd)).toEqual({ wants: {} });
});

it.each([
  "",
  "null",
  '{"version":2,"wants":{"camera":360}}',
  '{"wants":{"camera":360}}',
  `{"version":1,"wants":{"camera":360},"x":"${"x".repeat(1000)}"}`,
])("hears no news in %s", (data) => expect(parseNews(data)).toBeNull());

it("writes news that an older client passes over", () => {
  expect(parseState('{"version":1,"wants":{"camera":360}}')).toBeNull();
});

it("understands several screens, each once, and passes over those that it does not know", () => {
  const screens = [
    { source: "screen2", mid: "3", sound: "5" },
    { source: "screen", mid: null },
    { source: "screen2", mid: "9" },
    { source: "screen9", mid: "4" },
    { source: "screen3", mid: 7, sound: null },
    null,
    "screen",
  ];
  const said = { microphone: true, camera: true, screen: true, screenMid: "2", screens };
  expect(parseState(JSON.stringify(said))?.screens).toEqual([
    { source: "screen2", mid: "3", sound: "5" },
    { source: "screen", mid: null },
    { source: "screen3", mid: null, sound: null },
  ]);
  const older = { microphone: true, camera: true, screen: true, screenMid: "2" };
  expect(parseState(JSON.stringify(older))?.screens).toBeUndefined();
});
