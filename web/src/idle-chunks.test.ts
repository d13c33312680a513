import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Chunk } from "./chunk";
import { fetchWhenIdle, ROUND_MS } from "./idle-chunks";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => void vi.useRealTimers());

/** A chunk that cannot be loaded the first times. */
function chunk(failures = 0) {
  let left = failures;
  const fetch = vi.fn(async () => {
    left -= 1;
    if (left >= 0) throw new Error("away");
    return "here";
  });
  return { fetch, chunk: new Chunk(fetch) };
}

it("loads chunks after a while, and none that is there already", async () => {
  const [first, second] = [chunk(), chunk()];
  await first.chunk.load();
  fetchWhenIdle([first.chunk, second.chunk], 3_000);
  await vi.advanceTimersByTimeAsync(2_900);
  expect(second.fetch).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(second.chunk.loaded).toBe("here");
  expect(first.fetch).toHaveBeenCalledTimes(1);
});

it("loads the others where one cannot be loaded, and that one later", async () => {
  const [first, second] = [chunk(1), chunk()];
  fetchWhenIdle([first.chunk, second.chunk], 0);
  await vi.advanceTimersByTimeAsync(100);
  expect(first.chunk.loaded).toBeNull();
  expect(second.chunk.loaded).toBe("here");
  await vi.advanceTimersByTimeAsync(ROUND_MS);
  expect(first.chunk.loaded).toBe("here");
});

it("gives up what is not there any more", async () => {
  const gone = chunk(1_000);
  fetchWhenIdle([gone.chunk], 0);
  await vi.advanceTimersByTimeAsync(100 * ROUND_MS);
  expect(gone.fetch.mock.calls.length).toBeLessThan(10);
});

it("ends with the call", async () => {
  const late = chunk();
  const end = fetchWhenIdle([late.chunk], 1_000);
  end();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(late.fetch).not.toHaveBeenCalled();
});
