import { expect, it } from "vitest";
import { isOnHold, type Supplies } from "./hold";

const given = (change: Partial<Supplies> = {}): Supplies => ({
  microphone: "muted",
  camera: "off",
  isHidden: false,
  ...change,
});

it.each<[string, Partial<Supplies>, boolean]>([
  ["a switch on the microphone", {}, false],
  ["a call that takes both devices", { camera: "muted" }, true],
  ["a call in front of the page", { isHidden: true }, true],
  ["a camera that stutters", { microphone: "flowing", camera: "muted" }, false],
  ["a microphone that is off", { microphone: "off", camera: "muted", isHidden: true }, false],
])("%s: %o is a hold: %s", (_, change, is) => expect(isOnHold(false, given(change))).toBe(is));

it("lasts until the microphone is back", () => {
  expect(isOnHold(true, given({ camera: "flowing" }))).toBe(true);
  expect(isOnHold(true, given({ microphone: "flowing", camera: "muted" }))).toBe(false);
});
