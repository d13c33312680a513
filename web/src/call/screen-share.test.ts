import { expect, it, vi } from "vitest";
import { FakeDevices, settled } from "./fake-devices";
import { DEFAULT_SCREEN_SETTINGS } from "./screen-settings";
import { ScreenShare } from "./screen-share";

function newSubject() {
  const devices = new FakeDevices();
  const changed = vi.fn();
  const share = new ScreenShare(devices as unknown as MediaDevices, changed);
  const picks = async () => {
    const sharing = share.start();
    devices.pick();
    return await sharing;
  };
  const sources = () => share.screens.map(({ source }) => source);
  const live = () => devices.live().map(({ deviceId }) => deviceId);
  const track = (index: number) => devices.tracks[index];
  return { devices, share, changed, picks, sources, live, track };
}

it("shares three screens at most, each with its sound", async () => {
  const { devices, share, picks, sources, live } = newSubject();
  for (let count = 0; count < 3; count++) expect(await picks()).toBe(true);
  expect(await share.start()).toBe(false);
  expect(devices.picking).toEqual([]);
  expect(sources()).toEqual(["screen", "screen2", "screen3"]);
  expect(live()).toEqual(["screen", "tab", "screen", "tab", "screen", "tab"]);
});

it("ends one by the browser's own button, and leaves the others their names", async () => {
  const { share, picks, sources, live, track } = newSubject();
  await picks();
  await picks();
  track(0)?.end();
  expect(sources()).toEqual(["screen2"]);
  expect(live()).toEqual(["screen", "tab"]);
  await picks();
  expect(sources()).toEqual(["screen2", "screen"]);
  share.stop("screen2");
  expect(sources()).toEqual(["screen"]);
  share.stop();
  expect(live()).toEqual([]);
});

it("goes on without sound where that ends", async () => {
  const { share, picks, track } = newSubject();
  await picks();
  track(1)?.end();
  expect(share.screens).toMatchObject([{ source: "screen", sound: null }]);
});

it("keeps what is shared where another picker is closed", async () => {
  const { devices, share, picks, sources } = newSubject();
  await picks();
  const sharing = share.start();
  devices.pick(false);
  expect(await sharing).toBe(false);
  expect(sources()).toEqual(["screen"]);
  expect(share.problem).toBeNull();
});

it("changes what is shared already", async () => {
  const { share, picks, track } = newSubject();
  await picks();
  expect(track(0)?.contentHint).toBe("text");
  expect(share.screens).toMatchObject([{ isText: true, framesPerSecond: 5 }]);
  const before = share.screens;
  share.set({ ...DEFAULT_SCREEN_SETTINGS, purpose: "motion", lines: 720 });
  await settled();
  expect(track(0)?.contentHint).toBe("motion");
  expect(track(0)?.constraints).toEqual({ frameRate: { max: 30 }, height: { max: 720 } });
  expect(share.screens).not.toBe(before);
  expect(share.screens).toMatchObject([{ isText: false, framesPerSecond: 30 }]);
});
