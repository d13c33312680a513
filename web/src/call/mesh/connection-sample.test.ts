import fc from "fast-check";
import { expect, it } from "vitest";
import { readSample, receivedSoFar } from "./connection-sample";

function report(...entries: { id: string; [name: string]: unknown }[]) {
  return new Map<string, unknown>(entries.map((entry) => [entry.id, entry]));
}

const candidates = [
  {
    id: "L",
    type: "local-candidate",
    candidateType: "relay",
    protocol: "udp",
    relayProtocol: "tls",
  },
  { id: "R", type: "remote-candidate", candidateType: "host", protocol: "udp" },
];
const pair = (id: string, more: object) => ({
  id,
  type: "candidate-pair",
  localCandidateId: "L",
  remoteCandidateId: "R",
  ...more,
});

it("reads the path that the transport names", () => {
  const { path } = readSample(
    report(
      ...candidates,
      pair("P1", { nominated: true, state: "succeeded", availableOutgoingBitrate: 1 }),
      pair("P2", {
        currentRoundTripTime: 0.05,
        availableOutgoingBitrate: 900_000,
        bytesSent: 10,
        bytesReceived: 20,
      }),
      { id: "T", type: "transport", selectedCandidatePairId: "P2" },
    ),
    1,
  );
  expect(path).toEqual({
    local: "relay",
    remote: "host",
    protocol: "udp",
    relayProtocol: "tls",
    roundTripTime: 0.05,
    availableOutgoingBitrate: 900_000,
    bytesSent: 10,
    bytesReceived: 20,
  });
});

it("finds the path where no transport names it", () => {
  const used = { selected: true, bytesSent: 5 };
  const spare = { selected: false, nominated: true, state: "succeeded" };
  const sample = readSample(report(...candidates, pair("P1", spare), pair("P2", used)), 1);
  expect(sample.path).toMatchObject({ bytesSent: 5, availableOutgoingBitrate: null });
  const old = { nominated: true, state: "succeeded", bytesSent: 6 };
  expect(readSample(report(pair("P1", old)), 1).path).toMatchObject({ bytesSent: 6, local: null });
});

it("reads streams with their codec and what the other side says of them", () => {
  const { outbound, inbound } = readSample(
    report(
      { id: "C", type: "codec", mimeType: "video/VP8" },
      {
        id: "RI",
        type: "remote-inbound-rtp",
        fractionLost: 0.25,
        roundTripTime: 0.1,
        packetsLost: 3,
      },
      {
        id: "O",
        type: "outbound-rtp",
        kind: "video",
        mid: "1",
        ssrc: 5,
        codecId: "C",
        remoteId: "RI",
        bytesSent: 1000,
        frameHeight: 360,
        active: true,
        qualityLimitationReason: "cpu",
        qualityLimitationDurations: { none: 1, cpu: 4 },
      },
      { id: "I", type: "inbound-rtp", kind: "audio", ssrc: 6, packetsLost: -1, jitter: 0.01 },
    ),
    1,
  );
  expect(outbound).toMatchObject([
    {
      kind: "video",
      mid: "1",
      codec: "video/VP8",
      bytesSent: 1000,
      frameHeight: 360,
      active: true,
      limitedBy: "cpu",
      limitedFor: { cpu: 4 },
      remote: { fractionLost: 0.25, roundTripTime: 0.1, packetsLost: 3, jitter: null },
    },
  ]);
  expect(inbound).toMatchObject([
    { kind: "audio", mid: null, codec: null, packetsLost: -1, jitter: 0.01, framesDecoded: 0 },
  ]);
});

it("reads any report, and no more than so many streams", () => {
  const type = fc.constantFrom(
    "transport",
    "candidate-pair",
    "outbound-rtp",
    "inbound-rtp",
    "codec",
  );
  const anything = fc.record({
    id: fc.string(),
    type,
    kind: fc.constantFrom("audio", "video", undefined),
    selectedCandidatePairId: fc.anything(),
    codecId: fc.anything(),
    bytesSent: fc.anything(),
    qualityLimitationDurations: fc.constantFrom({}, undefined, null),
  });
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 60 }), (entries) => {
      const { outbound, inbound } = readSample(report(...entries), 1);
      expect(outbound.length).toBeLessThanOrEqual(16);
      expect(inbound.length).toBeLessThanOrEqual(16);
      for (const { bytesSent } of outbound) expect(Number.isFinite(bytesSent)).toBe(true);
    }),
  );
});

it("adds up what has come over all pairs, as far as the browser tells it", () => {
  const told = { bytesReceived: 100, responsesReceived: 2 };
  const pairs = [pair("P", told), pair("Q", { ...told, requestsReceived: 1 })];
  expect(receivedSoFar(report(...candidates, ...pairs))).toBe(205);
  expect(receivedSoFar(report(...candidates))).toBeNull();
});
