import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isFault, VERDICTS, type WayState, worstOf } from "./findings";
import {
  judgeBrowser,
  judgeCamera,
  judgeCandidates,
  judgeDirect,
  judgeMicrophone,
  judgeReconnect,
  judgeRelayed,
  judgeSignaling,
  judgeTransport,
  median,
  type Ways,
} from "./judge";

const ABLE = { isSecure: true, canCall: true, canShareScreen: true, codecs: ["VP8", "AV1"] };

describe("the verdict on the browser", () => {
  it.each([
    [{}, "browser.fine"],
    [{ canShareScreen: false }, "browser.noScreen"],
    [{ canCall: false }, "browser.noCalls"],
    [{ canCall: false, isSecure: false }, "browser.insecure"],
  ])("of %j is %s", (values, finding) => {
    expect(judgeBrowser({ ...ABLE, ...values }).finding).toBe(finding);
  });

  it("names its codecs", () => {
    expect(judgeBrowser(ABLE).figures).toEqual([{ name: "codecs", text: "VP8, AV1" }]);
  });
});

describe("the verdict on devices", () => {
  it("names the device", () => {
    const camera = judgeCamera({ label: "FaceTime", width: 640, height: 360 });
    expect(camera).toEqual({
      finding: "camera.fine",
      figures: [
        { name: "device", text: "FaceTime" },
        { name: "size", text: "640 × 360" },
      ],
    });
    expect(judgeCamera({ label: "", width: 0, height: 0 }).figures).toEqual([]);
  });

  it.each([
    ["denied", "device.denied"],
    ["missing", "device.missing"],
    ["busy", "device.busy"],
    ["failed", "device.busy"],
    ["insecure", "browser.insecure"],
    ["unsupported", "browser.noCalls"],
  ] as const)("that are %s is %s", (problem, finding) => {
    expect(judgeCamera(problem).finding).toBe(finding);
    expect(judgeMicrophone(problem).finding).toBe(finding);
  });

  it("tells a microphone that is silent from one that cannot be measured", () => {
    const heard = (isHeard: boolean | null) =>
      judgeMicrophone({ label: "Headset", isHeard }).finding;
    expect([heard(true), heard(null), heard(false)]).toEqual([
      "microphone.fine",
      "microphone.fine",
      "microphone.silent",
    ]);
  });
});

describe("the verdict on the server", () => {
  it.each([
    [null, "signaling.gone"],
    [20, "signaling.fine"],
    [900, "signaling.slow"],
  ])("that answers in %s ms is %s", (roundTripMs, finding) => {
    expect(judgeSignaling({ roundTripMs }).finding).toBe(finding);
  });

  it.each([
    [true, true, true, "transport.webSocket"],
    [true, false, false, "transport.webSocket"],
    [false, true, true, "transport.webSocket"],
    [false, true, false, "transport.polling"],
    [false, false, false, "transport.none"],
  ])("with WebSocket %s, polling %s, upgrade %s is %s", (webSocket, polling, upgraded, finding) => {
    expect(judgeTransport({ webSocket, polling, upgraded }).finding).toBe(finding);
  });

  it("goes by the median", () => {
    expect(median([])).toBeNull();
    expect(median([900, 20, 30])).toBe(30);
    expect(median([40, 20, 30, 900])).toBe(30);
  });
});

function ways(relays: Partial<Record<"udp" | "tcp" | "tls", WayState>>, more: Partial<Ways> = {}) {
  return {
    host: true,
    reflexive: false,
    relays: (["udp", "tcp", "tls"] as const).flatMap((transport) => {
      const way = relays[transport];
      return way ? [{ transport, way }] : [];
    }),
    ...more,
  };
}

describe("the verdict on candidates", () => {
  it.each([
    [ways({ udp: "works", tcp: "works", tls: "works" }), "candidates.fine"],
    [ways({ udp: "works", tcp: "works", tls: "silent" }), "candidates.someRelays"],
    [ways({ udp: "silent", tcp: "works", tls: "works" }), "candidates.udpBlocked"],
    [ways({ udp: "silent", tcp: "works" }, { reflexive: true }), "candidates.someRelays"],
    [ways({ udp: "refused", tcp: "works" }), "candidates.someRelays"],
    [ways({ udp: "refused", tcp: "silent" }), "candidates.relayRefused"],
    [ways({ udp: "silent", tcp: "silent" }), "candidates.relaySilent"],
    [ways({}, { reflexive: true }), "candidates.noRelay"],
    [ways({}), "candidates.noRelay"],
    [ways({ udp: "silent" }, { host: false }), "candidates.none"],
    [ways({ udp: "works" }, { host: false }), "candidates.fine"],
  ])("%j is %s", (found, finding) => {
    expect(judgeCandidates(found, true).finding).toBe(finding);
  });

  it("leaves the relay out for strangers", () => {
    expect(judgeCandidates(ways({}), false).finding).toBe("skipped.logIn");
    expect(judgeCandidates(ways({}, { host: false }), false).finding).toBe("candidates.none");
  });

  it("shows all ways", () => {
    const { figures } = judgeCandidates(ways({ udp: "works", tls: "refused" }), true);
    expect(figures).toEqual([
      { name: "host", isThere: true },
      { name: "relay-udp", way: "works" },
      { name: "relay-tls", way: "refused" },
    ]);
  });
});

const GOOD = {
  bits: 5e6,
  loss: 0,
  delayMs: 12,
  path: { isRelayed: true, transport: "udp" },
} as const;

describe("the verdict on connections", () => {
  it.each([
    [GOOD, "relayed.fine"],
    [{ ...GOOD, bits: 1e5 }, "relayed.poor"],
    [{ ...GOOD, loss: 0.2 }, "relayed.poor"],
    [{ ...GOOD, delayMs: 800 }, "relayed.poor"],
    [{ bits: null, loss: null, delayMs: null, path: null }, "relayed.fine"],
    [null, "relayed.failed"],
  ])("by relay of %j is %s", (measured, finding) => {
    expect(judgeRelayed(measured).finding).toBe(finding);
  });

  it("shows what was measured", () => {
    expect(judgeDirect({ ...GOOD, loss: 0.25 }).figures).toEqual([
      { name: "bitrate", bits: 5e6 },
      { name: "loss", percent: 25 },
      { name: "delay", ms: 12 },
      { name: "path", path: GOOD.path },
    ]);
    expect(judgeDirect(null).finding).toBe("direct.failed");
    expect(judgeReconnect(200).figures).toEqual([{ name: "time", ms: 200 }]);
    expect(judgeReconnect(null).finding).toBe("reconnect.failed");
  });
});

describe("the verdict on all", () => {
  it("is the worst of it, whatever was left out", () => {
    const findings = fc.constantFrom(...(Object.keys(VERDICTS) as (keyof typeof VERDICTS)[]));
    fc.assert(
      fc.property(fc.array(findings), (all) => {
        const worst = worstOf(all);
        expect(worst === "fine").toBe(!all.some(isFault));
        expect(worst === "failed").toBe(all.some((one) => VERDICTS[one] === "failed"));
      }),
    );
  });
});
