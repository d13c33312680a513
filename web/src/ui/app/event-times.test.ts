import { expect, test } from "vitest";
import { endOf, localTime, standingOf, zonedTime } from "./event-times";

const START = "2026-12-01T15:00:00Z";
const at = (iso: string) => Date.parse(iso);

test("an event is on until its end, or for a day where no end is known", () => {
  const long = { starts_at: START, duration_minutes: 90 };
  const open = { starts_at: START };
  expect(standingOf(long, at("2026-12-01T14:59:59Z"))).toBe("upcoming");
  expect(standingOf(long, at(START))).toBe("on");
  expect(standingOf(long, at("2026-12-01T16:29:59Z"))).toBe("on");
  expect(standingOf(long, at("2026-12-01T16:30:00Z"))).toBe("over");
  expect(standingOf(open, at("2026-12-02T14:59:59Z"))).toBe("on");
  expect(standingOf(open, at("2026-12-02T15:00:00Z"))).toBe("over");
  expect(standingOf({}, at(START))).toBeNull();
  expect(standingOf({ starts_at: null }, at(START))).toBeNull();
  expect(endOf(long)).toBe("2026-12-01T16:30:00.000Z");
  expect(endOf(open)).toBeNull();
});

test("what a field has is a moment of the browser's time zone, with its offset", () => {
  for (const local of ["2026-01-15T09:05", "2026-07-15T09:05", "2028-02-29T23:59"]) {
    const zoned = zonedTime(local);
    expect(zoned).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:00[+-]\d\d:\d\d$/);
    expect(zoned).toContain(local);
    expect(Date.parse(zoned ?? "")).toBe(new Date(local).getTime());
    expect(localTime(new Date(zoned ?? ""))).toBe(local);
  }
});

test("what is no time of this century is none", () => {
  for (const value of ["", "soon", "2026-12-01", "1999-12-01T15:00", "12026-12-01T15:00"]) {
    expect(zonedTime(value)).toBeNull();
  }
});
