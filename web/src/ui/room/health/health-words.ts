import type { Advice } from "../../../call/health/advice";
import { type Measure, measured, summaryOf } from "../../../call/health/series";
import type { HealthWindow, Limit, MediaPath, Pictures } from "../../../call/health/window";

export interface AdviceWords {
  readonly problem: string;
  /** What one can do about it. */
  readonly help: string;
}

export function adviceWords(advice: Advice, nameOf: (id: string) => string): AdviceWords {
  switch (advice.kind) {
    case "cpu":
      return {
        problem: "This computer can’t keep up.",
        help: "Close other programs and tabs, or turn off your camera.",
      };
    case "own-line":
      return {
        problem: "Your connection is weak.",
        help: advice.isSevere
          ? `Turn off your camera, so that your voice gets through. ${CLOSER}`
          : CLOSER,
      };
    case "their-line": {
      const name = nameOf(advice.id);
      return {
        problem: `${name}’s connection is weak.`,
        help: `Your other connections are fine, so there’s nothing you need to change. It may help if ${name} moves closer to the router or turns off the camera.`,
      };
    }
    case "line-between":
      return {
        problem: `The connection between you and ${nameOf(advice.id)} is weak.`,
        help: advice.isSevere
          ? `The cause may be at either end. Turn off your cameras, so that your voices get through. ${CLOSER}`
          : `The cause may be at either end. ${CLOSER}`,
      };
    case "relay":
      return {
        problem: `Sound and video between you and ${nameOf(advice.id)} take a detour through a relay${
          advice.transport === "tcp" ? " (over TCP)" : ""
        }.`,
        help: "A firewall or router blocks the direct way. Another network may be faster.",
      };
  }
}

const CLOSER = "Move closer to your router or use a cable, and pause downloads and uploads.";

export const MEASURE_WORDS: Record<Measure, string> = {
  "round-trip": "Round trip",
  loss: "Packet loss",
  jitter: "Jitter",
  received: "Received",
  sent: "Sent",
  pictures: "Frames received",
};

export function measureWords(measure: Measure, value: number): string {
  switch (measure) {
    case "round-trip":
    case "jitter":
      return `${Math.round(value)} ms`;
    case "loss":
      return percentWords(value);
    case "received":
    case "sent":
      return bitrateWords(1e6 * value);
    case "pictures":
      return framesWords(value);
  }
}

export function summaryWords(values: readonly (number | null)[], measure: Measure): string {
  const summary = summaryOf(values);
  if (!summary) return "–";
  const [median, least, most] = [summary.median, summary.least, summary.most].map((value) =>
    measureWords(measure, value),
  );
  return `${median} (${least} to ${most})`;
}

/** What was measured in a window, as terms and their values. */
export function figuresOf(window: HealthWindow): readonly (readonly [string, string])[] {
  const { lossIn, lossOut, picturesIn, picturesOut, path, limit } = window;
  return [
    ...(["round-trip", "jitter"] as const).map((measure) => {
      const value = measured(window, measure);
      return [
        MEASURE_WORDS[measure],
        value === null ? UNKNOWN : measureWords(measure, value),
      ] as const;
    }),
    ["Packet loss", `${lossWords(lossIn)} in, ${lossWords(lossOut)} out`],
    ["Received", sentWords(window.received, picturesIn)],
    ["Sent", sentWords(window.sent, picturesOut)],
    ["Path", path ? pathWords(path) : UNKNOWN],
    ["Limited by", limit ? LIMITS[limit] : "nothing"],
  ];
}

const UNKNOWN = "unknown";
const LIMITS: Record<Limit, string> = { cpu: "this computer", bandwidth: "bandwidth" };

export function pathWords({ isRelayed, transport }: MediaPath): string {
  return `${isRelayed ? "relayed" : "direct"}, ${transport.toUpperCase()}`;
}

function lossWords(share: number | null): string {
  return share === null ? UNKNOWN : percentWords(100 * share);
}

function percentWords(percent: number): string {
  return `${percent === 0 || percent >= 10 ? Math.round(percent) : percent.toFixed(1)}%`;
}

function bitrateWords(bitrate: number): string {
  const kilobits = bitrate / 1e3;
  return kilobits < 1000
    ? `${Math.round(kilobits)} kbit/s`
    : `${(kilobits / 1e3).toFixed(1)} Mbit/s`;
}

function framesWords(perSecond: number): string {
  return `${Math.round(perSecond)} fps`;
}

function sentWords(bitrate: number, pictures: Pictures | null): string {
  if (!pictures) return bitrateWords(bitrate);
  const size = pictures.height === null ? "" : `${pictures.height}p, `;
  return `${bitrateWords(bitrate)} (${size}${framesWords(pictures.perSecond)})`;
}
