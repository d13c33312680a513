import { expect, it, vi } from "vitest";
import { IceSource } from "./ice";

const server = { urls: ["turn:turn.example.org"] };
const answer = (ttl?: number) => ({
  iceServers: [server],
  expires_at: null,
  ...(ttl !== undefined && { ttl }),
});

function newSubject(ttl?: number) {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const ask = vi.fn(async () => answer(ttl));
  return { clock, ask, ice: new IceSource(ask, () => clock.now) };
}

it("asks once while what it knows holds, and again before it ends", async () => {
  const { clock, ask, ice } = newSubject(3_600);
  expect(await ice.fresh()).toEqual({ iceServers: [server] });
  await ice.fresh();
  expect(ask).toHaveBeenCalledTimes(1);
  clock.now += 3_539_000;
  expect(ice.isDue).toBe(false);
  clock.now += 1_000;
  expect(ice.isDue).toBe(true);
  await ice.renewed();
  expect(ask).toHaveBeenCalledTimes(2);
  expect(ice.isDue).toBe(false);
});

it("renews standing connections in time, whoever has learnt new credentials meanwhile", async () => {
  const { clock, ask, ice } = newSubject(3_600);
  await ice.fresh();
  clock.now += 3_500_000;
  const told = { urls: ["turn:told.example.org"], username: "u", credential: "c" };
  ice.take({ iceServers: [told], ttl: 3_600 });
  expect(ice.isDue).toBe(false);
  clock.now += 40_000;
  expect(ice.isDue).toBe(true);
  expect(await ice.renewed()).toEqual({ iceServers: [told] });
  expect(ice.isDue).toBe(false);
  expect(ask).toHaveBeenCalledTimes(1);
  clock.now += 3_600_000;
  await ice.fresh();
  expect(ice.isDue).toBe(true);
  await ice.renewed();
  expect(ask).toHaveBeenCalledTimes(2);
});

it("renews short credentials at half of their time, and servers without credentials never", async () => {
  const short = newSubject(20);
  await short.ice.fresh();
  short.clock.now += 10_000;
  expect(short.ice.isDue).toBe(true);
  const endless = newSubject();
  await endless.ice.fresh();
  endless.clock.now += 365 * 86_400_000;
  expect(endless.ice.isDue).toBe(false);
});

it("waits before it tries again to renew", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { clock, ask, ice } = newSubject(3_600);
  await ice.fresh();
  clock.now += 3_600_000;
  ask.mockRejectedValueOnce(new Error("down"));
  const [one, other] = [ice.renewed(), ice.renewed()];
  expect(ice.isDue).toBe(false);
  expect([await one, await other]).toEqual([null, null]);
  expect(ask).toHaveBeenCalledTimes(2);
  expect(ice.isDue).toBe(false);
  clock.now += 15_000;
  expect(ice.isDue).toBe(true);
  expect(await ice.renewed()).toEqual({ iceServers: [server] });
});

it("waits no longer for another try where credentials have come another way", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { clock, ask, ice } = newSubject(3_600);
  await ice.fresh();
  clock.now += 3_600_000;
  ask.mockRejectedValueOnce(new Error("down"));
  await ice.renewed();
  await ice.fresh();
  expect(ice.isDue).toBe(true);
});

it("takes servers and policy from an acknowledgement", async () => {
  const { clock, ask, ice } = newSubject();
  const told = { urls: ["turn:told.example.org"], username: "u", credential: "c" };
  ice.take({ iceServers: [told], ttl: 3_600, iceTransportPolicy: "relay" });
  expect(await ice.fresh()).toEqual({ iceServers: [told], iceTransportPolicy: "relay" });
  expect(ask).not.toHaveBeenCalled();
  clock.now += 3_600_000;
  expect(await ice.renewed()).toEqual({ iceServers: [server], iceTransportPolicy: "relay" });
  ice.take(undefined);
  expect(ice.configuration()).toEqual({ iceServers: [server] });
});

it("asks where an acknowledgement has the policy alone", async () => {
  const { ice } = newSubject(3_600);
  ice.take({ iceServers: [], iceTransportPolicy: "relay" });
  expect(await ice.fresh()).toEqual({ iceServers: [server], iceTransportPolicy: "relay" });
});

it("goes on without servers where there is no answer", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const ice = new IceSource(() => Promise.reject(new Error("down")));
  expect(await ice.fresh()).toEqual({ iceServers: [] });
});
