import type { HealthWindow } from "./window";

export type Mark = "good" | "fair" | "poor";

/** How well a connection has done lately. */
export interface Standing {
  readonly mark: Mark;
  /** Whether a poor connection is so poor that sound suffers, too. */
  readonly isSevere: boolean;
}

/** 0 is good, 1 fair, 2 poor, 3 severe. */
export type Grade = 0 | 1 | 2 | 3;

/** The values from which a window is fair, poor and severe. */
export const LOSS_LIMITS = [0.03, 0.1, 0.2] as const;
export const ROUND_TRIP_LIMITS = [250, 500, 1000] as const;
/** A standing changes where this many of the latest windows say so: one burst of loss is no bad connection. */
const AGREEING = 3;
const LATEST = 5;

export function gradeOf({
  lossIn,
  lossOut,
  roundTripMs,
}: Pick<HealthWindow, "lossIn" | "lossOut" | "roundTripMs">): Grade {
  const loss = Math.max(lossIn ?? 0, lossOut ?? 0);
  return Math.max(
    reached(loss, LOSS_LIMITS),
    reached(roundTripMs ?? 0, ROUND_TRIP_LIMITS),
  ) as Grade;
}

/** The windows, in order of time, that say how a connection does now: those of the last five slots. */
export function latest<W extends Pick<HealthWindow, "slot">>(windows: readonly W[]): readonly W[] {
  const newest = windows.at(-1)?.slot ?? 0;
  return windows.slice(-LATEST).filter(({ slot }) => slot > newest - LATEST);
}

/** The worst grade that three of the last five windows reach; null before there are three. */
export function standingOf(windows: readonly HealthWindow[]): Standing | null {
  const grades = latest(windows).map(gradeOf);
  const grade = grades.sort((a, b) => b - a)[AGREEING - 1];
  return grade === undefined ? null : STANDINGS[grade];
}

/** Whether three of the last five windows meet a condition. */
export function mostly(
  windows: readonly HealthWindow[],
  meets: (window: HealthWindow) => boolean,
): boolean {
  return latest(windows).filter(meets).length >= AGREEING;
}

const STANDINGS: Record<Grade, Standing> = {
  0: { mark: "good", isSevere: false },
  1: { mark: "fair", isSevere: false },
  2: { mark: "poor", isSevere: false },
  3: { mark: "poor", isSevere: true },
};

function reached(value: number, limits: readonly number[]): number {
  return limits.filter((limit) => value >= limit).length;
}
