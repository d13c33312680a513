import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { canCall } from "./browser-support";
import { followLoudness } from "./loudness";
import { FakeConnection } from "./mesh/fake-connection";

const track = {} as MediaStreamTrack;

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.stubGlobal("MediaStream", class {});
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a browser", () => {
  it("can take part in calls with the whole of WebRTC", () => {
    vi.stubGlobal("RTCPeerConnection", FakeConnection);
    expect(canCall()).toBe(true);
  });

  it.each([
    ["has no WebRTC", undefined],
    ["has it switched off", null],
    [
      "throws where it is used",
      class {
        constructor() {
          throw new DOMException("disabled by policy", "NotSupportedError");
        }
      },
    ],
    [
      "has a part of it only",
      class {
        close() {}
      },
    ],
  ])("cannot where it %s", (_, connection) => {
    vi.stubGlobal("RTCPeerConnection", connection);
    expect(canCall()).toBe(false);
  });
});

describe("a level meter", () => {
  const context = (change: object) =>
    class {
      createAnalyser = () => ({ getFloatTimeDomainData: () => {} });
      createMediaStreamSource = () => ({ connect: () => {} });
      close = async () => {};
      constructor() {
        Object.assign(this, change);
      }
    };
  const throws = () => {
    throw new DOMException("not here", "NotSupportedError");
  };

  it.each([
    ["no AudioContext", undefined],
    [
      "no more AudioContext",
      class {
        constructor() {
          throws();
        }
      },
    ],
    ["no source", context({ createMediaStreamSource: throws })],
    ["no samples", context({ createAnalyser: () => ({ getFloatTimeDomainData: throws }) })],
    ["no end", context({ close: throws })],
    ["an end that fails", context({ close: async () => throws() })],
  ])("is gone without where the browser has %s", async (_, AudioContext) => {
    vi.useFakeTimers();
    vi.stubGlobal("AudioContext", AudioContext);
    const stop = followLoudness(track, () => {});
    await vi.advanceTimersByTimeAsync(3_000);
    stop();
    await vi.advanceTimersByTimeAsync(3_000);
  });
});
