import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { HealthWindow } from "../health/window";
import { newMesh } from "./fake-mesh";
import { SAMPLE_EVERY_MS } from "./stats-sampler";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("MediaStream", class extends EventTarget {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("measures the media of each participant who is connected, until told to stop", async () => {
  const subject = newMesh();
  const heard: [string, HealthWindow][] = [];
  const stop = subject.mesh.followHealth((id, window) => void heard.push([id, window]));
  subject.addPeer({ peerID: "b1", peerUsername: "bob", createOffer: true });
  const connection = subject.connection();
  let bytesReceived = 0;
  connection.getStats = async () => {
    bytesReceived += 2_000;
    return new Map([
      ["in", { id: "in", type: "inbound-rtp", kind: "audio", ssrc: 1, bytesReceived }],
    ]);
  };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toEqual([]);

  connection.change("connected");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(heard.length).toBeGreaterThanOrEqual(5);
  for (const [id, { received }] of heard) {
    expect(id).toBe("b1");
    expect(received).toBeCloseTo(8_000);
  }

  stop();
  const before = heard.length;
  await vi.advanceTimersByTimeAsync(10 * SAMPLE_EVERY_MS);
  expect(heard).toHaveLength(before);
  subject.mesh.close();
});
