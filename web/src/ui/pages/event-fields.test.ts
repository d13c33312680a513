import { expect, test } from "vitest";
import { english as t } from "../../texts/loaded-texts";
import { localTime } from "../app/event-times";
import { eventFieldValues, eventTime, minutesRule, startRule } from "./event-fields";

const inMinutes = (minutes: number) => localTime(new Date(Date.now() + minutes * 60_000));

test("a start is a time to come, or the one that is stored", () => {
  expect(startRule()("")).toBeNull();
  expect(startRule()(inMinutes(60))).toBeNull();
  expect(startRule()(inMinutes(-60))?.(t)).toBe("This time has passed.");
  expect(startRule()("2026-12")?.(t)).toBe("Enter a date and a time.");
  const stored = inMinutes(-60);
  expect(startRule(stored)(stored)).toBeNull();
});

test("a duration is some minutes, a week at most", () => {
  for (const good of ["", " 90 ", "1", "10080"]) expect(minutesRule(good)).toBeNull();
  for (const bad of ["0", "10081", "1.5", "-5", "an hour", "1e3"]) {
    expect(minutesRule(bad)?.(t)).toBe("Enter a whole number from 1 to 10,080.");
  }
});

test("what the fields have is what the server takes, and gives back", () => {
  const values = { startsAt: "2026-12-01T15:00", minutes: "90" };
  const time = eventTime(values);
  expect(time.duration_minutes).toBe(90);
  expect(eventFieldValues(time)).toEqual(values);
  expect(eventTime({ startsAt: "", minutes: "90" })).toEqual({
    starts_at: null,
    duration_minutes: null,
  });
  expect(eventFieldValues({})).toEqual({ startsAt: "", minutes: "" });
});
