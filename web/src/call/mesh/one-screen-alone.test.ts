import { expect, it } from "vitest";
import type { LocalScreen, ScreenSource } from "../topology";
import { OneScreenAlone } from "./one-screen-alone";

const screens = (...sources: ScreenSource[]) =>
  sources.map((source) => ({ source }) as unknown as LocalScreen);

it("means the screen that was shared last, and nothing of the others", () => {
  const alone = new OneScreenAlone();
  expect(alone.publish(screens("screen"))).toBe(false);
  expect(alone.meant({ camera: 90, screen: 720 })).toEqual({
    camera: 90,
    screen: 720,
    screen2: 0,
    screen3: 0,
  });
  expect(alone.publish(screens("screen", "screen2"))).toBe(true);
  expect(alone.meant({ screen: 720 })).toEqual({ screen: 0, screen2: 720, screen3: 0 });
  expect(alone.told(["camera", "screen", "screen2"])).toEqual(["camera", "screen"]);
  expect(alone.publish(screens("screen"))).toBe(true);
  expect(alone.told(["camera", "screen2"])).toEqual(["camera"]);
});
