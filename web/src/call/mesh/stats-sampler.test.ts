import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ConnectionSample } from "./connection-sample";
import { SAMPLE_EVERY_MS, StatsSampler } from "./stats-sampler";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function newSubject() {
  const page = { hidden: false };
  const sampler = new StatsSampler({ now: () => 7, isHidden: () => page.hidden });
  const heard: [string, ConnectionSample][] = [];
  const listener = (peerID: string, sample: ConnectionSample) => void heard.push([peerID, sample]);
  const connection = (report: Map<string, unknown> = new Map()) => ({
    connectionState: "connected" as RTCPeerConnectionState,
    getStats: vi.fn(async () => report),
  });
  const tick = () => vi.advanceTimersByTimeAsync(SAMPLE_EVERY_MS);
  return { sampler, heard, listener, connection, tick, page };
}

it("asks each connection once for all who listen", async () => {
  const { sampler, heard, listener, connection, tick } = newSubject();
  const [ann, bob] = [connection(), connection()];
  sampler.follow("ann", ann);
  sampler.follow("bob", bob);
  const other = vi.fn();
  sampler.subscribe(listener, { whenHidden: false });
  sampler.subscribe(other, { whenHidden: true });
  await tick();
  expect(heard.map(([peerID, { at }]) => [peerID, at])).toEqual([
    ["ann", 7],
    ["bob", 7],
  ]);
  expect(other).toHaveBeenCalledTimes(2);
  expect(ann.getStats).toHaveBeenCalledOnce();
});

it("asks nothing while nobody listens", async () => {
  const { sampler, listener, connection, tick } = newSubject();
  const ann = connection();
  sampler.follow("ann", ann);
  await tick();
  const end = sampler.subscribe(listener, { whenHidden: true });
  end();
  await tick();
  expect(ann.getStats).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

it("serves only those who need it while the page is hidden", async () => {
  const { sampler, heard, listener, connection, tick, page } = newSubject();
  const ann = connection();
  sampler.follow("ann", ann);
  sampler.subscribe(listener, { whenHidden: false });
  page.hidden = true;
  await tick();
  expect(ann.getStats).not.toHaveBeenCalled();
  const needing = vi.fn();
  sampler.subscribe(needing, { whenHidden: true });
  await tick();
  expect(needing).toHaveBeenCalledOnce();
  expect(heard).toEqual([]);
});

it("never has two reports of a connection under way, nor any of one that is not connected", async () => {
  const { sampler, listener, connection, tick } = newSubject();
  const slow = { ...connection(), getStats: vi.fn(() => new Promise<never>(() => {})) };
  const lost = { ...connection(), connectionState: "disconnected" as const };
  sampler.follow("slow", slow);
  sampler.follow("lost", lost);
  sampler.subscribe(listener, { whenHidden: true });
  await tick();
  await tick();
  expect(slow.getStats).toHaveBeenCalledOnce();
  expect(lost.getStats).not.toHaveBeenCalled();
});

it("passes over the report of a connection that has been replaced, and over failures", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { sampler, heard, listener, connection, tick } = newSubject();
  let answer: (report: Map<string, unknown>) => void = () => {};
  const slow = {
    ...connection(),
    getStats: () => new Promise<Map<string, unknown>>((resolve) => (answer = resolve)),
  };
  sampler.follow("ann", slow);
  sampler.follow("bob", { ...connection(), getStats: () => Promise.reject(new Error("closed")) });
  sampler.subscribe(listener, { whenHidden: true });
  await tick();
  sampler.follow("ann", connection());
  answer(new Map());
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual([]);
  await tick();
  expect(heard.map(([peerID]) => peerID)).toEqual(["ann"]);
});
