import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { windowOf } from "./fake-window";
import { gradeOf, mostly, standingOf } from "./mark";

const level = fc.constantFrom(0, 0.03, 0.1, 0.2);
const GRADES = new Map([
  [0, 0],
  [0.03, 1],
  [0.1, 2],
  [0.2, 3],
]);
const MARKS = [
  { mark: "good", isSevere: false },
  { mark: "fair", isSevere: false },
  { mark: "poor", isSevere: false },
  { mark: "poor", isSevere: true },
];
const inOrder = (losses: readonly number[]) =>
  losses.map((lossIn, slot) => windowOf({ slot, lossIn }));

describe("a window", () => {
  it.each([
    [{ lossIn: 0.029, lossOut: 0.029, roundTripMs: 249 }, 0],
    [{ lossIn: 0.03 }, 1],
    [{ lossOut: 0.1 }, 2],
    [{ lossIn: 0.01, lossOut: 0.2 }, 3],
    [{ roundTripMs: 250 }, 1],
    [{ roundTripMs: 500, lossIn: 0.03 }, 2],
    [{ roundTripMs: 1000 }, 3],
    [{ lossIn: null, lossOut: null, roundTripMs: null }, 0],
  ])("of %j has grade %i", (values, grade) => {
    expect(gradeOf(windowOf(values))).toBe(grade);
  });
});

describe("the standing", () => {
  it("is not told before three windows", () => {
    expect(standingOf([])).toBeNull();
    expect(standingOf(inOrder([0.2, 0.2]))).toBeNull();
    expect(standingOf(inOrder([0.2, 0.2, 0.2]))).toEqual({ mark: "poor", isSevere: true });
  });

  it("is what three of the last five windows reach", () => {
    expect(standingOf(inOrder([0.2, 0.2, 0, 0, 0]))?.mark).toBe("good");
    expect(standingOf(inOrder([0.2, 0, 0.2, 0, 0.03]))?.mark).toBe("fair");
    expect(standingOf(inOrder([0.2, 0.2, 0.2, 0, 0, 0]))?.mark).toBe("good");
  });

  it("is the worst grade that three of any five reach", () => {
    fc.assert(
      fc.property(fc.array(level, { minLength: 3, maxLength: 12 }), (losses) => {
        const lately = losses.slice(-5).map((loss) => GRADES.get(loss) ?? 0);
        const worst = [3, 2, 1, 0].find(
          (grade) => lately.filter((other) => other >= grade).length >= 3,
        );
        expect(standingOf(inOrder(losses))).toEqual(MARKS[worst ?? 0]);
      }),
    );
  });

  it("forgets windows from before a pause", () => {
    const before = [0, 1, 2, 3].map((slot) => windowOf({ slot, lossIn: 0.2 }));
    const after = [40, 41].map((slot) => windowOf({ slot, lossIn: 0 }));
    expect(standingOf([...before, ...after])).toBeNull();
  });
});

it("is mostly so where three of the last five windows are", () => {
  const limited = (slots: readonly number[]) =>
    [0, 1, 2, 3, 4, 5].map((slot) =>
      windowOf({ slot, limit: slots.includes(slot) ? "cpu" : null }),
    );
  const isLimited = ({ limit }: { limit: string | null }) => limit === "cpu";
  expect(mostly(limited([1, 3, 5]), isLimited)).toBe(true);
  expect(mostly(limited([0, 1, 3]), isLimited)).toBe(false);
});
