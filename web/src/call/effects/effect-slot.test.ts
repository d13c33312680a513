import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeTrack } from "../fake-devices";
import { AVERAGED_MS, TOO_SLOW_MS } from "./cost-meter";
import type { Effect, EffectWatch } from "./effect";
import { EffectSlot, START_MS } from "./effect-slot";

interface Started {
  readonly captured: MediaStreamTrack;
  readonly choice: string;
  readonly watch: EffectWatch;
  readonly made: FakeTrack;
  isClosed: boolean;
  comes(): Promise<void>;
  fails(): Promise<void>;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const newTrack = () => new FakeTrack("video", "cam1") as unknown as MediaStreamTrack;

function newSlot({ isDiscreet = true } = {}) {
  const started: Started[] = [];
  const changed = vi.fn();
  const clock = { now: 0 };
  const start = (captured: MediaStreamTrack, choice: string, watch: EffectWatch) =>
    new Promise<Effect>((resolve, reject) => {
      const made = new FakeTrack("video", choice);
      const one: Started = {
        captured,
        choice,
        watch,
        made,
        isClosed: false,
        comes: async () => {
          const track = made as unknown as MediaStreamTrack;
          resolve({ track, close: () => (one.isClosed = true) });
          await vi.advanceTimersByTimeAsync(0);
        },
        fails: async () => {
          reject(new Error("no worker"));
          await vi.advanceTimersByTimeAsync(0);
        },
      };
      started.push(one);
    });
  const slot = new EffectSlot<string>({
    start,
    isDiscreet,
    cores: 2,
    budgetMs: 80,
    now: () => clock.now,
    changed,
  });
  const last = () => started.at(-1) as Started;
  /** Pictures that take this long each, one after another, for some time. */
  const takes = (ms: number, forMs: number) => {
    for (const until = clock.now + forMs; clock.now < until; ) {
      clock.now += ms;
      last().watch.took(ms);
    }
  };
  return { slot, started, last, changed, takes };
}

/** A slot whose effect runs. */
async function running(options = {}) {
  const subject = newSlot(options);
  const captured = newTrack();
  subject.slot.choose("blur");
  subject.slot.output(captured);
  await subject.last().comes();
  return { ...subject, captured };
}

describe("a slot without a choice", () => {
  it("sends what is captured", () => {
    const { slot, started } = newSlot();
    const captured = newTrack();
    expect(slot.output(captured)).toBe(captured);
    expect(started).toEqual([]);
    expect(slot.view).toEqual({ choice: null, state: "off", cost: null });
  });
});

describe("a choice", () => {
  it("holds a camera that is turned on back until the effect is there", async () => {
    const { slot, last, changed } = newSlot();
    const captured = newTrack();
    slot.choose("blur");
    expect(slot.output(captured)).toBeNull();
    expect(slot.isHeld).toBe(true);
    expect(slot.view.state).toBe("starting");
    changed.mockClear();
    await last().comes();
    expect(changed).toHaveBeenCalled();
    expect(slot.output(captured)).toBe(last().made);
    expect(slot.isHeld).toBe(false);
    expect(slot.view.state).toBe("on");
  });

  it("leaves what is seen already until the effect is there", async () => {
    const { slot, last } = newSlot();
    const captured = newTrack();
    slot.output(captured);
    slot.choose("blur");
    expect(slot.output(captured)).toBe(captured);
    await last().comes();
    expect(slot.output(captured)).toBe(last().made);
  });

  it("never makes a microphone wait", () => {
    const { slot } = newSlot({ isDiscreet: false });
    const captured = newTrack();
    slot.choose("blur");
    expect(slot.output(captured)).toBe(captured);
  });

  it("replaces another once it is there", async () => {
    const { slot, started, last, captured } = await running();
    slot.choose("picture");
    expect(slot.output(captured)).toBe(started[0]?.made);
    await last().comes();
    expect(slot.output(captured)).toBe(started[1]?.made);
    expect(started.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  it("of nothing ends the effect at once", async () => {
    const { slot, last, captured } = await running();
    slot.choose(null);
    expect(slot.output(captured)).toBe(captured);
    expect(last().isClosed).toBe(true);
    expect(slot.view).toEqual({ choice: null, state: "off", cost: null });
  });

  it("that a newer one has superseded is closed when it comes", async () => {
    const { slot, started } = newSlot();
    slot.output(newTrack());
    slot.choose("blur");
    slot.choose("picture");
    await started[0]?.comes();
    expect(started[0]?.isClosed).toBe(true);
    expect(slot.view.state).toBe("starting");
  });

  it("is kept while the camera is off, which ends the effect", async () => {
    const { slot, started, last, captured } = await running();
    expect(slot.output(null)).toBeNull();
    expect(last().isClosed).toBe(true);
    const again = newTrack();
    expect(slot.output(again)).toBeNull();
    await last().comes();
    expect(slot.output(again)).toBe(last().made);
    expect(started.map((one) => one.captured)).toEqual([captured, again]);
  });
});

describe("a mute", () => {
  it("reaches what is sent", async () => {
    const { slot, last, captured } = await running();
    captured.enabled = false;
    slot.output(captured);
    expect(last().made.enabled).toBe(false);
  });
});

describe("an effect that fails", () => {
  it("to start gives way to what is captured", async () => {
    const { slot, last } = newSlot();
    const captured = newTrack();
    slot.choose("blur");
    slot.output(captured);
    await last().fails();
    expect(slot.output(captured)).toBe(captured);
    expect(slot.view).toEqual({ choice: "blur", state: "failed", cost: null });
  });

  it("later gives way to what is captured", async () => {
    const { slot, last, captured } = await running();
    last().watch.failed(new Error("the worker died"));
    expect(slot.output(captured)).toBe(captured);
    expect(last().isClosed).toBe(true);
    expect(slot.view.state).toBe("failed");
  });

  it("says nothing once it is over", async () => {
    const { slot, last } = await running();
    slot.choose(null);
    last().watch.failed(new Error("terminated"));
    expect(slot.view.state).toBe("off");
  });

  it("is tried again with the next track, and when it is chosen again", async () => {
    const { slot, started, last, captured } = await running();
    last().watch.failed(new Error("the worker died"));
    slot.choose("blur");
    expect(slot.view.state).toBe("starting");
    expect(slot.output(captured)).toBe(captured);
    await last().fails();
    slot.output(newTrack());
    expect(started).toHaveLength(3);
  });

  it("by not coming gives way after a while, and is closed when it comes", async () => {
    const { slot, last } = newSlot();
    const captured = newTrack();
    slot.choose("blur");
    slot.output(captured);
    await vi.advanceTimersByTimeAsync(START_MS);
    expect(slot.view.state).toBe("failed");
    expect(slot.output(captured)).toBe(captured);
    await last().comes();
    expect(last().isClosed).toBe(true);
  });
});

describe("the cost", () => {
  it("is shown as time for a picture and share of the computer", async () => {
    const { slot, takes } = await running();
    takes(40, AVERAGED_MS);
    expect(slot.view.cost?.tookMs).toBeCloseTo(40);
    expect(slot.view.cost?.share).toBeCloseTo(0.5);
  });

  it("above the budget for long ends the effect, which stays off with the next track", async () => {
    const { slot, started, last, takes, captured } = await running();
    takes(100, TOO_SLOW_MS - AVERAGED_MS);
    expect(slot.view.state).toBe("on");
    takes(100, 2 * AVERAGED_MS);
    expect(slot.view.state).toBe("too-slow");
    expect(last().isClosed).toBe(true);
    expect(slot.output(captured)).toBe(captured);
    const next = newTrack();
    expect(slot.output(next)).toBe(next);
    expect(started).toHaveLength(1);
    slot.choose("blur");
    expect(started).toHaveLength(2);
  });

  it("that is high now and then does not", async () => {
    const { slot, takes } = await running();
    for (let round = 0; round < 5; round++) {
      takes(100, TOO_SLOW_MS - 2 * AVERAGED_MS);
      takes(20, 2 * AVERAGED_MS);
    }
    expect(slot.view.state).toBe("on");
  });

  it("is spared where the encoder needs the CPU", async () => {
    const { slot, captured } = await running();
    slot.relieve();
    expect(slot.view.state).toBe("too-slow");
    expect(slot.output(captured)).toBe(captured);
  });
});
