import { expect, it } from "vitest";
import { facingOf, otherWay } from "./camera-facing";

const camera = (deviceId: string, label: string, ...facingMode: string[]) => ({
  deviceId,
  label,
  ...(facingMode.length > 0 && { getCapabilities: () => ({ facingMode }) }),
});

it.each([
  [camera("1", "camera2 0, facing back"), "back"],
  [camera("2", "camera2 1, facing front"), "front"],
  [camera("3", "Rückkamera", "environment"), "back"],
  [camera("4", "Caméra avant", "user"), "front"],
  [camera("5", "HD Webcam"), null],
  [camera("6", "Backyard"), null],
])("tells where %o looks: %s", (one, facing) => expect(facingOf(one)).toBe(facing));

const phone = [
  camera("main", "facing back"),
  camera("wide", "facing back"),
  camera("self", "facing front"),
];

it("switches between the front and the first at the back", () => {
  expect(otherWay(phone, "self")?.deviceId).toBe("main");
  expect(otherWay(phone, "wide")?.deviceId).toBe("self");
});

it("offers nothing where there is one camera, or nobody knows where they look", () => {
  expect(otherWay(phone.slice(0, 2), "main")).toBeNull();
  expect(otherWay([camera("a", "Webcam"), camera("b", "facing back")], "a")).toBeNull();
  expect(otherWay(phone, null)).toBeNull();
});
