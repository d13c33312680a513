import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HealthWindow } from "../health/window";
import type {
  ConnectionSample,
  InboundSample,
  OutboundSample,
  PathSample,
} from "./connection-sample";
import { WindowMeter, WindowMeters } from "./window-meter";

const STREAM = {
  kind: "video" as const,
  ssrc: 1,
  mid: "1",
  codec: "video/VP8",
  frameHeight: 360,
  frameWidth: 640,
  framesPerSecond: 30,
};

const inbound = (values: Partial<InboundSample> = {}): InboundSample => ({
  ...STREAM,
  bytesReceived: 0,
  packetsReceived: 0,
  packetsLost: 0,
  jitter: 0.004,
  framesDecoded: 0,
  framesDropped: 0,
  keyFramesDecoded: 0,
  freezeCount: 0,
  totalFreezesDuration: 0,
  totalSamplesReceived: null,
  concealedSamples: null,
  ...values,
});

const outbound = (values: Partial<OutboundSample> = {}): OutboundSample => ({
  ...STREAM,
  bytesSent: 0,
  packetsSent: 0,
  retransmittedPacketsSent: 0,
  framesEncoded: 0,
  totalEncodeTime: 0,
  targetBitrate: null,
  active: true,
  limitedBy: "none",
  limitedFor: {},
  encoder: null,
  powerEfficient: null,
  remote: null,
  ...values,
});

const path = (values: Partial<PathSample> = {}): PathSample => ({
  local: "host",
  remote: "srflx",
  protocol: "udp",
  relayProtocol: null,
  roundTripTime: 0.04,
  availableOutgoingBitrate: 1_000_000,
  bytesSent: 0,
  bytesReceived: 0,
  ...values,
});

const report = (packetsLost: number | null, fractionLost: number | null = null) => ({
  fractionLost,
  packetsLost,
  roundTripTime: null,
  jitter: null,
});

const sample = (at: number, values: Partial<ConnectionSample> = {}): ConnectionSample => ({
  at,
  path: path(),
  outbound: [],
  inbound: [],
  ...values,
});

function measure(...samples: ConnectionSample[]): HealthWindow[] {
  const meter = new WindowMeter();
  return samples.flatMap((sample) => meter.take(sample) ?? []);
}

/** The one window of five seconds between two samples. */
function window(first: Partial<ConnectionSample>, last: Partial<ConnectionSample>): HealthWindow {
  const [window] = measure(sample(0, first), sample(5_000, last));
  if (!window) throw new Error("no window");
  return window;
}

describe("windows", () => {
  it("are one for each slot of five seconds, whenever samples come", () => {
    const samples = Array.from({ length: 31 }, (_, index) => sample(700 + 2_000 * index));
    const slots = measure(...samples).map(({ slot }) => slot);
    expect(slots).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  });

  it("never come twice for a slot, and never too soon", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 60 }), (steps) => {
        let at = 0;
        const times = steps.map((step) => {
          at += step;
          return at;
        });
        const slots = measure(...times.map((time) => sample(time))).map(({ slot }) => slot);
        expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b));
        expect(slots.length).toBeLessThanOrEqual(at / 2_500);
      }),
    );
  });

  it("begin anew after a pause", () => {
    const before = sample(0, { inbound: [inbound({ bytesReceived: 0 })] });
    const after = sample(60_000, { inbound: [inbound({ bytesReceived: 9_000_000 })] });
    const next = sample(65_000, { inbound: [inbound({ bytesReceived: 9_000_625 })] });
    expect(measure(before, after, next).map(({ received }) => received)).toEqual([1_000]);
  });
});

describe("a window", () => {
  it("has the bitrates of all streams", () => {
    const { received, sent } = window(
      {
        inbound: [inbound({ bytesReceived: 100 }), inbound({ ssrc: 2, kind: "audio" })],
        outbound: [outbound({ bytesSent: 50 })],
      },
      {
        inbound: [
          inbound({ bytesReceived: 725 }),
          inbound({ ssrc: 2, kind: "audio", bytesReceived: 625 }),
        ],
        outbound: [outbound({ bytesSent: 675 })],
      },
    );
    expect({ received, sent }).toEqual({ received: 2_000, sent: 1_000 });
  });

  it("counts the streams of a connection that took the place of another", () => {
    const { received } = window(
      { inbound: [inbound({ bytesReceived: 1_000_000 })] },
      { inbound: [inbound({ ssrc: 7, bytesReceived: 625 })] },
    );
    expect(received).toBe(1_000);
  });

  it("has the loss both ways", () => {
    const { lossIn, lossOut } = window(
      {
        inbound: [inbound({ packetsReceived: 1_000, packetsLost: 50 })],
        outbound: [outbound({ packetsSent: 500, remote: report(5) })],
      },
      {
        inbound: [inbound({ packetsReceived: 1_090, packetsLost: 60 })],
        outbound: [outbound({ packetsSent: 600, remote: report(25) })],
      },
    );
    expect({ lossIn, lossOut }).toEqual({ lossIn: 0.1, lossOut: 0.2 });
  });

  it("takes the share that the other side reports where it counts nothing", () => {
    const { lossOut } = window(
      { outbound: [outbound({ remote: report(null, 0.5) })] },
      { outbound: [outbound({ packetsSent: 100, remote: report(null, 0.25) })] },
    );
    expect(lossOut).toBe(0.25);
  });

  it("has no loss where too few packets travel, where late ones arrive, or nobody reports", () => {
    const few = window({}, { inbound: [inbound({ packetsReceived: 10, packetsLost: 10 })] });
    expect(few.lossIn).toBeNull();
    const late = window(
      { inbound: [inbound({ packetsLost: 9 })] },
      { inbound: [inbound({ packetsReceived: 100, packetsLost: 4 })] },
    );
    expect(late.lossIn).toBe(0);
    expect(window({}, { outbound: [outbound({ packetsSent: 100 })] }).lossOut).toBeNull();
  });

  it("has the mean round trip, and the jitter of the sound", () => {
    const streams = [inbound({ jitter: 0.5 }), inbound({ ssrc: 2, kind: "audio", jitter: 0.02 })];
    const [measured] = measure(
      sample(0),
      sample(2_000, { path: path({ roundTripTime: 0.1 }) }),
      sample(5_000, { path: path({ roundTripTime: 0.3 }), inbound: streams }),
    );
    expect(measured).toMatchObject({ roundTripMs: 200, jitterMs: 20 });
  });

  it("has the largest pictures that move", () => {
    const { picturesIn, picturesOut } = window(
      {},
      {
        inbound: [
          inbound({ framesDecoded: 150 }),
          inbound({ ssrc: 2, frameHeight: 1080, framesDecoded: 25 }),
          inbound({ ssrc: 3, frameHeight: 2160 }),
        ],
        outbound: [outbound({ framesEncoded: 75, frameHeight: null })],
      },
    );
    expect(picturesIn).toEqual({ height: 1080, perSecond: 5 });
    expect(picturesOut).toEqual({ height: null, perSecond: 15 });
    expect(window({}, {}).picturesIn).toBeNull();
  });

  it.each([
    [{}, { isRelayed: false, transport: "udp" }],
    [{ protocol: "tcp" } as const, { isRelayed: false, transport: "tcp" }],
    [{ remote: "relay" } as const, { isRelayed: true, transport: "udp" }],
    [{ local: "relay", relayProtocol: "tls" } as const, { isRelayed: true, transport: "tcp" }],
    [{ local: "relay", relayProtocol: "udp" } as const, { isRelayed: true, transport: "udp" }],
  ])("with the pair %j has the path %j", (values, expected) => {
    expect(window({}, { path: path(values) }).path).toEqual(expected);
  });

  it.each([
    [{ limitedFor: { none: 1, cpu: 4 } }, "cpu"],
    [{ limitedFor: { none: 1, bandwidth: 4 } }, "bandwidth"],
    [{ limitedFor: { none: 4, cpu: 1 }, limitedBy: "cpu" } as const, null],
    [{ limitedBy: "cpu" } as const, "cpu"],
    [{ limitedBy: "other" } as const, null],
  ])("with %j is limited by %s", (values, limit) => {
    expect(window({}, { outbound: [outbound(values)] }).limit).toBe(limit);
  });

  it("is a window whatever the counts are", () => {
    const count = fc.integer({ min: -10, max: 1_000_000 });
    const stream = fc.record({
      ssrc: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom("audio" as const, "video" as const),
      packetsReceived: count,
      packetsLost: count,
      packetsSent: count,
      bytesReceived: count,
      bytesSent: count,
      framesDecoded: count,
    });
    const streams = fc.array(stream, { maxLength: 5 });
    fc.assert(
      fc.property(streams, streams, (before, after) => {
        const both = (values: readonly object[]) => ({
          inbound: values.map((value) => inbound(value)),
          outbound: values.map((value) => outbound({ ...value, remote: report(3) })),
        });
        const { lossIn, lossOut, received, sent } = window(both(before), both(after));
        for (const loss of [lossIn ?? 0, lossOut ?? 0]) {
          expect(loss).toBeGreaterThanOrEqual(0);
          expect(loss).toBeLessThanOrEqual(1);
        }
        expect(Math.min(received, sent)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

it("drops the meters of peers that are gone", () => {
  const meters = new WindowMeters();
  for (let peer = 0; peer < 50; peer++) meters.take(`peer${peer}`, sample(peer * 20_000));
  expect(meters.size).toBeLessThan(3);
});
