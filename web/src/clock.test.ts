import { expect, it } from "vitest";
import { formatDate, formatDistance, formatDuration, formatSpan, relativeDay } from "./clock";

it.each([
  [-5, "0:00"],
  [0, "0:00"],
  [65_999, "1:05"],
  [3_661_000, "1:01:01"],
  [36_000_000, "10:00:00"],
])("writes %i ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

it.each([
  [45, "45 seconds"],
  [60, "1 minute"],
  [1800, "30 minutes"],
  [3600, "1 hour"],
  [7200, "2 hours"],
  [5400, "90 minutes"],
])("speaks of %i s as %s", (seconds, text) => expect(formatSpan(seconds, "en")).toBe(text));

it("names days as people do", () => {
  const now = new Date(2026, 2, 1, 9);
  const noon = (...date: [number, number, number]) => new Date(...date, 12).toISOString();
  const day = (...date: [number, number, number]) => formatDate(noon(...date), "en", now);
  expect(relativeDay(noon(2026, 2, 1), now)).toBe("today");
  expect(relativeDay(noon(2026, 1, 28), now)).toBe("yesterday");
  expect(relativeDay(noon(2026, 2, 2), now)).toBe("tomorrow");
  expect(relativeDay(noon(2026, 1, 27), now)).toBeNull();
  expect(day(2026, 1, 3)).toBe("February 3");
  expect(day(2025, 11, 24)).toBe("December 24, 2025");
  expect(formatDate(noon(2026, 2, 4), "en", now, "short")).toBe("Wed, March 4");
});

it("says how far away what is soon is", () => {
  const now = new Date(2026, 2, 1, 9);
  const distance = (minutes: number, locale = "en") =>
    formatDistance(new Date(now.getTime() + minutes * 60_000).toISOString(), locale, now);
  expect(distance(20)).toBe("in 20 minutes");
  expect(distance(-1)).toBe("1 minute ago");
  expect(distance(180)).toBe("in 3 hours");
  expect(distance(90, "de")).toBe("in 2 Stunden");
  expect(distance(721)).toBeNull();
  expect(distance(-721)).toBeNull();
});
