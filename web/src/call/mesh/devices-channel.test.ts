import { expect, it } from "vitest";
import { parseDevices } from "./devices-channel";

it("understands what a peer tells of its devices", () => {
  expect(parseDevices('{"microphone":true,"camera":false}')).toEqual({
    microphone: true,
    camera: false,
    screen: false,
  });
  expect(parseDevices('{"microphone":true,"camera":true,"screen":true}')?.screen).toBe(true);
});

it.each(["", "null", "[]", "{", '{"microphone":1,"camera":0}', `"${"x".repeat(2000)}"`])(
  "passes over %s",
  (data) => expect(parseDevices(data)).toBeNull(),
);

it("passes over what is no text", () => expect(parseDevices(new ArrayBuffer(4))).toBeNull());
