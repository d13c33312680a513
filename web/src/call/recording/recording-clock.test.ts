import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordingClock, SoundTimeline } from "./recording-clock";

describe("the clock of a recording", () => {
  it("stands still in a pause", () => {
    const clock = new RecordingClock();
    expect(clock.at(5000)).toBe(0);
    clock.run(1000);
    clock.run(1500);
    expect(clock.at(3000)).toBe(2);
    clock.pause(4000);
    expect([clock.at(9000), clock.isRunning]).toEqual([3, false]);
    clock.pause(9500);
    clock.run(10_000);
    expect([clock.at(11_000), clock.isRunning]).toEqual([4, true]);
  });
});

describe("the times of sound", () => {
  it("follow each other however late chunks come", () => {
    const timeline = new SoundTimeline();
    expect([0.01, 0.13, 0.13, 0.14].map((at) => timeline.place(at, 0.01))).toEqual([
      0, 0.01, 0.02, 0.03,
    ]);
  });

  it("go on at the clock's time after a gap, and leave out what is too much", () => {
    const timeline = new SoundTimeline();
    expect(timeline.place(0.5, 0.5)).toBe(0);
    expect(timeline.place(10, 0.5)).toBe(9.5);
    expect(timeline.place(10, 0.5)).toBeNull();
  });

  it("have silence in the place of sound that does not come", () => {
    const timeline = new SoundTimeline();
    expect([0.5, 1, 1.9].map((at) => timeline.gap(at))).toEqual([null, null, null]);
    expect([2, 2.5, 3].map((at) => timeline.gap(at))).toEqual([
      { start: 0, duration: 1 },
      null,
      { start: 1, duration: 1 },
    ]);
    expect(timeline.place(2.5, 0.5)).toBe(2);
    expect(timeline.gap(3600)).toEqual({ start: 3594, duration: 5 });
    expect(timeline.place(3600, 0.5)).toBe(3599.5);
  });

  it("never run backward or drift far from the clock", () => {
    const chunk = fc.record({ wait: fc.double({ min: 0, max: 2, noNaN: true }) });
    const property = fc.property(fc.array(chunk), (chunks) => {
      const timeline = new SoundTimeline();
      let at = 0;
      let end = 0;
      for (const { wait } of chunks) {
        at += wait;
        const start = timeline.place(at, 0.1);
        if (start === null) continue;
        expect(start).toBeGreaterThanOrEqual(end - 1e-9);
        expect(Math.abs(start + 0.1 - at)).toBeLessThan(0.5);
        end = start + 0.1;
      }
    });
    fc.assert(property);
  });
});
