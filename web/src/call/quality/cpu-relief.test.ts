import { expect, it } from "vitest";
import { CpuRelief, RELIEF, STEP_MS } from "./cpu-relief";

const EVERY = 2_000;

/** Samples each two seconds, for so long. */
function pass(relief: CpuRelief, from: number, ms: number, isLimited: boolean): number {
  for (let now = from; now <= from + ms; now += EVERY) relief.note(isLimited, now);
  return from + ms;
}

it("gives up one thing after another while the CPU does not suffice", () => {
  const relief = new CpuRelief();
  let now = pass(relief, 0, STEP_MS - EVERY, true);
  expect(relief.level).toBe(RELIEF.none);
  const levels = [];
  for (let minute = 0; minute < 5; minute++) {
    now = pass(relief, now, STEP_MS, true);
    levels.push(relief.level);
  }
  expect(levels).toEqual([
    RELIEF.fewerFrames,
    RELIEF.fewerLines,
    RELIEF.cheaperCodec,
    RELIEF.cheaperCodec,
    RELIEF.cheaperCodec,
  ]);
});

it("takes a step back up a minute", () => {
  const relief = new CpuRelief();
  let now = pass(relief, 0, 2 * STEP_MS, true);
  expect(relief.level).toBe(RELIEF.fewerLines);
  now = pass(relief, now, STEP_MS, false);
  expect(relief.level).toBe(RELIEF.fewerLines);
  now = pass(relief, now, 10_000, false);
  expect(relief.level).toBe(RELIEF.fewerFrames);
  pass(relief, now, STEP_MS, false);
  expect(relief.level).toBe(RELIEF.none);
});

it("passes over a limit that comes and goes, but not over peers that are not limited", () => {
  const relief = new CpuRelief();
  for (let now = 0; now < 5 * STEP_MS; now += 20_000) relief.note(now % 40_000 === 0, now);
  expect(relief.level).toBe(RELIEF.none);
  for (let now = 400_000; now <= 400_000 + STEP_MS; now += EVERY) {
    relief.note(true, now);
    relief.note(false, now + 1);
  }
  expect(relief.level).toBe(RELIEF.fewerFrames);
});
