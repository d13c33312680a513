import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DeviceListing,
  isRetried,
  isTakenBack,
  listChange,
  newsOf,
  retryAfterMs,
} from "./device-recovery";

const listed = (...ids: string[]) =>
  ids.map((id) => {
    const [deviceId = "", groupId = ""] = id.split("@");
    return { deviceId, groupId };
  });
const using = (deviceId: string | null, hasEnded = false) => ({ deviceId, hasEnded });

describe("a new list of devices", () => {
  const cases: [string, Partial<DeviceListing>, ReturnType<typeof listChange>][] = [
    ["without the device in use", { now: listed("b"), used: using("a") }, "lost"],
    ["while the track has ended", { now: listed("a"), used: using("a", true) }, "lost"],
    ["without any ids", { now: [], used: using("a") }, null],
    ["that has never had the device", { now: listed("b"), used: using("z") }, null],
    ["with another one", { now: listed("a", "b"), used: using("a") }, null],
    [
      "with the preferred device again",
      { before: listed("b"), now: listed("a", "b"), used: using("b"), preferred: "a" },
      "returned",
    ],
    [
      "with the preferred device again, while none is open",
      { before: [], now: listed("a"), preferred: "a" },
      "returned",
    ],
    [
      "with the preferred device still",
      { before: listed("a", "b"), now: listed("a", "b", "c"), used: using("b"), preferred: "a" },
      null,
    ],
    [
      "with another default",
      { before: listed("default@1"), now: listed("default@2"), used: using("default") },
      "default-moved",
    ],
    [
      "with another default, while a device by its own id is in use",
      { before: listed("default@1", "a"), now: listed("default@2", "a"), used: using("a") },
      null,
    ],
  ];
  it.each(cases)("%s", (_, listing, change) => {
    const all = { before: listed("a", "b"), now: listed("a", "b"), used: null, preferred: null };
    expect(listChange({ ...all, ...listing })).toBe(change);
  });

  it("that is the same says nothing of a device that is open", () => {
    const ids = fc.uniqueArray(fc.constantFrom("default@1", "a", "b", "c"));
    const id = fc.option(fc.constantFrom("default", "a", "b", "z"));
    fc.assert(
      fc.property(ids, id, id, (ids, used, preferred) => {
        const [before, now] = [listed(...ids), listed(...ids)];
        expect(listChange({ before, now, used: using(used), preferred })).toBeNull();
      }),
    );
  });
});

describe("another attempt", () => {
  it("waits longer after each one that failed, at most half a minute", () => {
    const waits = Array.from({ length: 20 }, (_, attempts) => retryAfterMs(attempts));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect([waits[0], waits.at(-1)]).toEqual([3_000, 30_000]);
  });

  it("is made only where the browser will not ask", () => {
    expect(isRetried("busy", "granted")).toBe(true);
    expect(isRetried("failed", "granted")).toBe(true);
    expect(isRetried("busy", "prompt")).toBe(false);
    expect(isRetried("busy", null)).toBe(false);
    expect(isRetried("denied", "granted")).toBe(false);
    expect(isRetried("insecure", "granted")).toBe(false);
    expect(isRetried(null, "granted")).toBe(false);
  });
});

it.each([
  ["granted", "denied", true],
  ["granted", "prompt", true],
  ["prompt", "denied", true],
  ["prompt", "prompt", false],
  [null, "prompt", false],
  ["denied", "prompt", false],
  ["prompt", "granted", false],
  ["granted", null, false],
] as const)("a permission that was %s and is %s is taken back: %s", (before, now, taken) => {
  expect(isTakenBack(before, now)).toBe(taken);
});

it.each([
  ["asked", "Headset", null],
  ["ended", "Webcam", null],
  ["ended", null, null],
  ["ended", "Headset", { kind: "replaced", name: "Webcam", former: "Headset" }],
  ["replaced", "Headset", { kind: "replaced", name: "Webcam", former: "Headset" }],
  ["returned", "Headset", { kind: "returned", name: "Webcam", former: null }],
  ["recovered", null, { kind: "recovered", name: "Webcam", former: null }],
] as const)(
  "a device that is opened because of %s, after %s, is news: %j",
  (cause, former, news) => {
    expect(newsOf(cause, "Webcam", former)).toEqual(news);
  },
);
