import type { Mark, Standing } from "../../../call/health/mark";

const MARKS: Record<Mark, string> = {
  good: "Good connection",
  fair: "Fair connection",
  poor: "Poor connection",
};

export function standingWords({ mark }: Standing): string {
  return MARKS[mark];
}
