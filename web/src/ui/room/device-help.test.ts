import { expect, test } from "vitest";
import { OFF } from "../../call/device-view";
import { helpSentences } from "./device-help";
import type { TranslateCall } from "./texts";

const t = ((key: string, values?: { browser?: string }) =>
  values?.browser ? `${key} ${values.browser}` : key) as TranslateCall;

test("devices that work need no help", () => {
  expect(helpSentences(t, { microphone: OFF, camera: OFF }, "other")).toEqual([]);
});

test("each problem is explained once, for the browser at hand", () => {
  const denied = { ...OFF, problem: "denied" } as const;
  const busy = { ...OFF, problem: "busy" } as const;
  expect(helpSentences(t, { microphone: denied, camera: denied }, "firefox")).toEqual([
    "call.help.denied firefox",
  ]);
  expect(helpSentences(t, { microphone: denied, camera: busy }, "ios")).toEqual([
    "call.help.denied ios",
    "call.help.busy",
  ]);
});

test("what no person at the browser can change gets no advice", () => {
  const insecure = { ...OFF, problem: "insecure" } as const;
  expect(helpSentences(t, { microphone: insecure, camera: insecure }, "safari")).toEqual([]);
});
