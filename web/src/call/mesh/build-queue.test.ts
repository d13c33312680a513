import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RateLimiter } from "../rate-limiter";
import { BuildQueue } from "./build-queue";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const often = () => new RateLimiter(1_000, 1);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`);

it("builds a small room at once, and a flood one after the other", () => {
  const queue = new BuildQueue();
  const built: string[] = [];
  for (const peer of numbers(120)) queue.request(peer, often(), () => built.push(peer));
  expect(built.length).toBe(16);
  vi.advanceTimersByTime(1_000);
  expect(built.length).toBeLessThanOrEqual(27);
  vi.advanceTimersByTime(20_000);
  expect(built).toEqual(numbers(120));
  queue.close();
});

it("builds nothing for who has left meanwhile", () => {
  const queue = new BuildQueue();
  const built: string[] = [];
  for (const peer of numbers(120)) {
    queue.request(peer, often(), () => built.push(peer));
    queue.cancel(peer);
  }
  vi.advanceTimersByTime(20_000);
  expect(built).toEqual(numbers(16));
  expect(queue.peerIDs()).toEqual([]);
});

it("lets one who is replaced over and over hold up nobody else", () => {
  const queue = new BuildQueue();
  const pace = new RateLimiter(3, 2_000);
  let replaced = 0;
  const built: string[] = [];
  for (let ms = 0; ms < 20_000; ms += 10) {
    queue.request("mallory", pace, () => {
      replaced += 1;
    });
    if (ms % 1_000 === 0) queue.request(`p${ms}`, often(), () => built.push(`p${ms}`));
    vi.advanceTimersByTime(10);
  }
  expect(replaced).toBeLessThanOrEqual(3 + 10);
  expect(built.length).toBe(20);
  queue.close();
});
