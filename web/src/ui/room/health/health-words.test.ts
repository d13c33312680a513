import { expect, it } from "vitest";
import { windowOf } from "../../../call/health/fake-window";
import { english as t } from "../../../texts/loaded-texts";
import { adviceWords, figuresOf, measureWords } from "./health-words";

const nameOf = () => "Bob";

it("has words for every piece of advice", () => {
  const all = [
    { kind: "cpu" },
    { kind: "own-line", isSevere: true },
    { kind: "their-line", id: "b" },
    { kind: "line-between", id: "b", isSevere: false },
    { kind: "relay", id: "b", transport: "tcp" },
    { kind: "no-way", id: "b", unreachable: { relay: true, fault: "refused" } },
  ] as const;
  const words = all.map((advice) => adviceWords(t, advice, nameOf));
  expect(words.map(({ problem }) => problem)).toEqual([
    "This computer can’t keep up.",
    "Your connection is weak.",
    "Bob’s connection is weak.",
    "The connection between you and Bob is weak.",
    "Sound and video between you and Bob take a detour through a relay (over TCP).",
    "Can’t connect to Bob.",
  ]);
  expect(words[1]?.help).toContain("Turn off your camera");
  expect(words[5]?.help).toMatch(/^The relay \(TURN\).* refuses .* Parlour will keep trying\.$/);
});

it("writes figures as people read them", () => {
  const window = windowOf({
    lossIn: 0.004,
    lossOut: null,
    received: 1_234_000,
    sent: 64_400,
    picturesOut: null,
    picturesIn: { height: 360, perSecond: 24.6 },
    path: { isRelayed: true, transport: "tcp" },
    limit: "bandwidth",
  });
  expect(Object.fromEntries(figuresOf(t, window))).toEqual({
    "Round trip": "40 ms",
    Jitter: "3 ms",
    "Packet loss": "0.4% in, unknown out",
    Received: "1.2 Mbit/s (360p, 25 fps)",
    Sent: "64 kbit/s",
    Path: "relayed, TCP",
    "Limited by": "bandwidth",
  });
});

it.each([
  ["loss", 0, "0%"],
  ["loss", 0.25, "0.3%"],
  ["loss", 12.4, "12%"],
  ["sent", 0.0004, "0 kbit/s"],
  ["received", 2.5, "2.5 Mbit/s"],
] as const)("writes %s %d as %s", (measure, value, words) => {
  expect(measureWords(t, measure, value)).toBe(words);
});
