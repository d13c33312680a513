import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Paced } from "./paced";

describe("paced work", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("runs once in a while, however often it is asked for", () => {
    const work = vi.fn();
    const paced = new Paced(work, 250);
    for (let asked = 0; asked < 1_000; asked++) {
      paced.soon();
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(250);
    expect(work).toHaveBeenCalledTimes(4);
  });

  it("runs at once in the place of what was to come, and not after its end", () => {
    const work = vi.fn();
    const paced = new Paced(work, 250);
    paced.soon();
    paced.now();
    vi.advanceTimersByTime(1_000);
    expect(work).toHaveBeenCalledTimes(1);
    paced.soon();
    paced.close();
    vi.advanceTimersByTime(1_000);
    expect(work).toHaveBeenCalledTimes(1);
  });
});
