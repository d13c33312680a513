import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChatEntry } from "./chat-entries";
import {
  earlierEnd,
  endShowing,
  laterEnd,
  MAX_SHOWN,
  shownRange,
  type WindowEnd,
} from "./chat-window";

const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ message_id: `m${index}` }) as ChatEntry);

describe("the window of messages", () => {
  it("is never larger than its bound nor beyond the list, wherever one scrolls and jumps", () => {
    const move = fc.oneof(fc.constant("up"), fc.constant("down"), fc.integer({ min: 0, max: 999 }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), fc.array(move), (count, moves) => {
        const list = entries(count);
        let end: WindowEnd = null;
        for (const step of moves) {
          if (step === "up") end = earlierEnd(list, end);
          else if (step === "down") end = laterEnd(list, end);
          else if (Number(step) < count) end = endShowing(list, end, `m${step}`);
          const { from, to } = shownRange(list, end);
          expect(from).toBeGreaterThanOrEqual(0);
          expect(to).toBeLessThanOrEqual(count);
          expect(to - from).toBe(Math.min(count, MAX_SHOWN));
          if (typeof step === "number" && step < count) {
            expect(step >= from && step < to).toBe(true);
          }
        }
      }),
    );
  });

  it("reaches both ends by steps, and then follows the newest message", () => {
    const list = entries(1_000);
    let end: WindowEnd = null;
    for (let steps = 0; steps < 20; steps++) end = earlierEnd(list, end);
    expect(shownRange(list, end)).toEqual({ from: 0, to: MAX_SHOWN });
    for (let steps = 0; steps < 20; steps++) end = laterEnd(list, end);
    expect(end).toBeNull();
    expect(shownRange(entries(1_001), end).to).toBe(1_001);
  });
});
