import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FOLLOW_MS, ONE_CHANGE_MS, PATIENCE_MS, RESTART_MS, Recovery } from "./recovery";

const CHANGED = "network-changed";

function recovery({ leads = true, replaces = false } = {}) {
  const log: string[] = [];
  const line = { up: true, hears: true };
  const subject = new Recovery(
    {
      restart: () => log.push("restart"),
      hears: async () => line.hears,
      rebuild: () => log.push("rebuild"),
      canSignal: () => line.up,
    },
    { leads, replaces },
  );
  return { subject, log, line };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("Recovery", () => {
  it("does nothing about a short loss", () => {
    const { subject, log } = recovery();
    subject.follow("connected");
    subject.follow("disconnected");
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    subject.follow("connected");
    vi.advanceTimersByTime(60_000);
    expect(log).toEqual([]);
  });

  it("restarts after a longer one, and rebuilds where that leads nowhere", () => {
    const { subject, log } = recovery();
    subject.follow("connected");
    subject.follow("disconnected");
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(log).toEqual(["restart"]);
    subject.follow("failed");
    vi.advanceTimersByTime(RESTART_MS);
    expect(log).toEqual(["restart", "rebuild"]);
  });

  it("does not wait where something may be broken and is", () => {
    const { subject, log } = recovery();
    subject.follow("connected");
    subject.check("may-be-broken");
    subject.follow("disconnected");
    vi.advanceTimersByTime(0);
    expect(log).toEqual(["restart"]);
  });

  it("restarts at once what has failed", () => {
    const { subject, log } = recovery();
    subject.follow("failed");
    vi.advanceTimersByTime(0);
    expect(log).toEqual(["restart"]);
  });

  it("leaves the cure to the other side first", () => {
    const { subject, log } = recovery({ leads: false });
    subject.follow("connected");
    subject.follow("failed");
    vi.advanceTimersByTime(FOLLOW_MS - 1);
    subject.follow("connecting");
    vi.advanceTimersByTime(RESTART_MS - 1);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(log).toEqual(["restart"]);
    vi.advanceTimersByTime(RESTART_MS);
    expect(log).toEqual(["restart", "restart"]);
  });

  it("waits for the line and goes on when asked to look", () => {
    const { subject, log, line } = recovery();
    line.up = false;
    subject.follow("connected");
    subject.follow("failed");
    vi.advanceTimersByTime(60_000);
    expect(log).toEqual([]);
    line.up = true;
    subject.check(CHANGED);
    vi.advanceTimersByTime(0);
    expect(log).toEqual(["restart"]);
  });

  it("restarts at once what stands where the network has changed, once for all that tells of it", async () => {
    const { subject, log } = recovery({ leads: false });
    subject.follow("connected");
    subject.check(CHANGED);
    vi.advanceTimersByTime(0);
    expect(log).toEqual(["restart"]);
    subject.check(CHANGED);
    subject.check("may-be-broken");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual(["restart"]);
    vi.advanceTimersByTime(ONE_CHANGE_MS);
    subject.check(CHANGED);
    vi.advanceTimersByTime(0);
    expect(log).toEqual(["restart", "restart"]);
  });

  it("waits for the line to restart what stands", () => {
    const { subject, log, line } = recovery({ leads: false });
    subject.follow("connected");
    line.up = false;
    subject.check(CHANGED);
    vi.advanceTimersByTime(2_000);
    expect(log).toEqual([]);
    line.up = true;
    subject.check("may-be-broken");
    vi.advanceTimersByTime(0);
    expect(log).toEqual(["restart"]);
  });

  it("listens to what stands where it may be broken, and restarts where nothing comes", async () => {
    const { subject, log, line } = recovery();
    subject.follow("connected");
    subject.check("may-be-broken");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual([]);
    line.hears = false;
    subject.check("may-be-broken");
    await vi.advanceTimersByTimeAsync(0);
    expect(log).toEqual(["restart"]);
    subject.follow("disconnected");
    await vi.advanceTimersByTimeAsync(RESTART_MS);
    expect(log).toEqual(["restart", "rebuild"]);
  });

  it("does not touch what opens for the first time, nor what is closed", async () => {
    const { subject, log } = recovery();
    subject.check(CHANGED);
    subject.follow("connecting");
    subject.check(CHANGED);
    subject.follow("connected");
    subject.close();
    subject.check(CHANGED);
    subject.follow("failed");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual([]);
  });

  it("opens again what may never have been heard", () => {
    const { subject, log } = recovery();
    subject.follow("connecting");
    subject.check("signals-lost");
    vi.advanceTimersByTime(RESTART_MS);
    expect(log).toEqual(["rebuild"]);
  });

  it("tries on where a rebuilt connection does not come up", () => {
    const { log } = recovery({ replaces: true });
    vi.advanceTimersByTime(RESTART_MS);
    expect(log).toEqual(["rebuild"]);
  });
});
