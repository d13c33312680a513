import { expect, it } from "vitest";
import {
  DEFAULT_SCREEN_SETTINGS,
  displayOptions,
  framesPerSecondOf,
  parseScreenSettings,
  trackConstraints,
} from "./screen-settings";

it("suits text or motion, unless a frame rate is chosen", () => {
  expect(framesPerSecondOf(DEFAULT_SCREEN_SETTINGS)).toBe(5);
  expect(framesPerSecondOf({ ...DEFAULT_SCREEN_SETTINGS, purpose: "motion" })).toBe(30);
  const chosen = { purpose: "text", framesPerSecond: 15, lines: 720 } as const;
  expect(trackConstraints(chosen)).toEqual({ frameRate: { max: 15 }, height: { max: 720 } });
});

it.each([
  [null, DEFAULT_SCREEN_SETTINGS],
  ["{", DEFAULT_SCREEN_SETTINGS],
  ["null", DEFAULT_SCREEN_SETTINGS],
  ['{"purpose":"art","framesPerSecond":1000,"lines":-1}', DEFAULT_SCREEN_SETTINGS],
  [
    '{"purpose":"motion","framesPerSecond":15,"lines":1080}',
    { purpose: "motion", framesPerSecond: 15, lines: 1080 },
  ],
])("reads %s as it was kept", (kept, settings) =>
  expect(parseScreenSettings(kept)).toEqual(settings),
);

it("takes the system's sound only where the browser can leave this page's out of it", () => {
  const echoing = displayOptions(DEFAULT_SCREEN_SETTINGS, {});
  expect(echoing).toMatchObject({
    selfBrowserSurface: "exclude",
    systemAudio: "exclude",
    windowAudio: "exclude",
  });
  expect(echoing.audio).not.toHaveProperty("restrictOwnAudio");
  const safe = displayOptions(DEFAULT_SCREEN_SETTINGS, { restrictOwnAudio: true });
  expect(safe).toMatchObject({ systemAudio: "include", audio: { restrictOwnAudio: true } });
});
