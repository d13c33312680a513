import fc from "fast-check";
import { expect, it } from "vitest";
import { ActiveSpeaker, STAYS_MS } from "./active-speaker";

const STEP_MS = 200;

/** Lets people speak, each for so many milliseconds, and gives who was the speaker at the beginning and the end of each step. */
function speakers(steps: readonly { ids: readonly string[]; ms: number }[], present = "abc") {
  const active = new ActiveSpeaker();
  const seen: { at: number; speaker: string | null }[] = [];
  let now = 0;
  for (const { ids, ms } of steps) {
    for (const end = now + ms; now < end; now += STEP_MS) {
      active.follow(
        [...present].map((id) => ({ id, speaking: ids.includes(id) })),
        now,
      );
      seen.push({ at: now, speaker: active.current });
      active.settle(now + STEP_MS);
      seen.push({ at: now + STEP_MS, speaker: active.current });
    }
  }
  return seen;
}

const last = (...steps: { ids: string[]; ms: number }[]) => speakers(steps).at(-1)?.speaker;

it("has no speaker until somebody has spoken for a while", () => {
  expect(last({ ids: [], ms: 2_000 })).toBeNull();
  expect(last({ ids: ["a"], ms: 400 })).toBeNull();
  expect(last({ ids: ["a"], ms: 1_200 })).toBe("a");
});

it("stays with who spoke last while all are silent", () =>
  expect(last({ ids: ["a"], ms: 2_000 }, { ids: [], ms: 60_000 })).toBe("a"));

it("passes over a cough", () =>
  expect(last({ ids: ["a"], ms: 9_000 }, { ids: [], ms: 5_000 }, { ids: ["b"], ms: 400 })).toBe(
    "a",
  ));

it("stays with who goes on speaking while another joins in", () =>
  expect(last({ ids: ["a"], ms: 5_000 }, { ids: ["a", "b"], ms: 20_000 })).toBe("a"));

it("goes to who answers, within two seconds of speech", () =>
  expect(last({ ids: ["a"], ms: 5_000 }, { ids: ["b"], ms: 2_000 })).toBe("b"));

it("forgets who leaves", () => {
  const active = new ActiveSpeaker();
  active.follow([{ id: "a", speaking: true }], 0);
  active.settle(2_000);
  expect(active.current).toBe("a");
  active.follow([{ id: "b", speaking: false }], 2_100);
  expect(active.current).toBeNull();
  expect(active.isUnsettled).toBe(false);
  active.follow([{ id: "b", speaking: true }], 2_200);
  expect(active.isUnsettled).toBe(true);
});

it("never flickers, however people speak, and shows nobody who did not", () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ ids: fc.subarray(["a", "b", "c"]), ms: fc.integer({ min: 1, max: 4_000 }) }),
        { maxLength: 30 },
      ),
      (steps) => {
        const spoke = new Set(steps.flatMap(({ ids }) => ids));
        let changedAt = Number.NEGATIVE_INFINITY;
        let before: string | null = null;
        for (const { at, speaker } of speakers(steps)) {
          if (speaker === before) continue;
          expect(speaker !== null && spoke.has(speaker)).toBe(true);
          expect(at - changedAt).toBeGreaterThanOrEqual(STAYS_MS);
          [changedAt, before] = [at, speaker];
        }
      },
    ),
    {
      // The speaker changes as a step begins, and three seconds later as one ends.
      examples: [
        [
          [
            { ids: ["c"], ms: 1 },
            { ids: ["a", "c"], ms: 3_001 },
            { ids: ["a"], ms: 601 },
            { ids: ["b"], ms: 2_201 },
            { ids: [], ms: 1 },
            { ids: ["b"], ms: 201 },
            { ids: [], ms: 1 },
            { ids: ["a"], ms: 2_201 },
          ],
        ],
      ],
    },
  ));
