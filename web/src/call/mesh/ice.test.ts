import { expect, it, vi } from "vitest";
import { IceSource } from "./ice";

const server = { urls: ["turn:turn.example.org"] };

it("asks once while what it knows holds, and again before it ends", async () => {
  let now = Date.UTC(2026, 0, 1);
  const expires_at = new Date(now + 3_600_000).toISOString();
  const ask = vi.fn(async () => ({ iceServers: [server], expires_at }));
  const ice = new IceSource(ask, () => now);
  expect(await ice.fresh()).toEqual({ iceServers: [server] });
  await ice.fresh();
  expect(ask).toHaveBeenCalledTimes(1);
  now += 3_590_000;
  await ice.fresh();
  expect(ask).toHaveBeenCalledTimes(2);
});

it("goes on without servers where there is no answer", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const ice = new IceSource(() => Promise.reject(new Error("down")));
  expect(await ice.fresh()).toEqual({ iceServers: [] });
});
