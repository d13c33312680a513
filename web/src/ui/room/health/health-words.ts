import type { Advice } from "../../../call/health/advice";
import { type Measure, measured, summaryOf } from "../../../call/health/series";
import type { HealthWindow, MediaPath, Pictures } from "../../../call/health/window";
import { noWayWords } from "../no-way-words";
import type { TranslateCall } from "../texts";

export interface AdviceWords {
  readonly problem: string;
  /** What one can do about it. */
  readonly help: string;
}

export function adviceWords(
  t: TranslateCall,
  advice: Advice,
  nameOf: (id: string) => string,
): AdviceWords {
  switch (advice.kind) {
    case "no-way":
      return {
        problem: t("call.tile.noWay", { name: nameOf(advice.id) }),
        help: `${noWayWords(t, advice.unreachable)} ${t("call.tile.noWayHint")}`,
      };
    case "cpu":
      return {
        problem: t("call.health.cpu"),
        help: t("call.health.cpuHelp"),
      };
    case "own-line":
      return {
        problem: t("call.health.ownLine"),
        help: advice.isSevere ? t("call.health.ownLineHelpSevere") : t("call.health.ownLineHelp"),
      };
    case "their-line": {
      const name = nameOf(advice.id);
      return {
        problem: t("call.health.theirLine", { name }),
        help: t("call.health.theirLineHelp", { name }),
      };
    }
    case "line-between":
      return {
        problem: t("call.health.between", { name: nameOf(advice.id) }),
        help: advice.isSevere ? t("call.health.betweenHelpSevere") : t("call.health.betweenHelp"),
      };
    case "relay":
      return {
        problem: t(advice.transport === "tcp" ? "call.health.relayTcp" : "call.health.relay", {
          name: nameOf(advice.id),
        }),
        help: t("call.health.relayHelp"),
      };
  }
}

export function measureName(t: TranslateCall, measure: Measure): string {
  return t(`call.health.measure.${measure}`);
}

export function measureWords(t: TranslateCall, measure: Measure, value: number): string {
  switch (measure) {
    case "round-trip":
    case "jitter":
      return t("call.health.milliseconds", { value: decimal(t, value, 0) });
    case "loss":
      return percentWords(t, value);
    case "received":
    case "sent":
      return bitrateWords(t, 1e6 * value);
    case "pictures":
      return framesWords(t, value);
  }
}

/** The separator is the language’s; digits are grouped in no language, as they are few. */
function decimal(t: TranslateCall, value: number, digits: number): string {
  return value.toFixed(digits).replace(".", t("call.health.decimalPoint"));
}

export function summaryWords(
  t: TranslateCall,
  values: readonly (number | null)[],
  measure: Measure,
): string {
  const summary = summaryOf(values);
  if (!summary) return "–";
  const words = (value: number) => measureWords(t, measure, value);
  return t("call.health.summary", {
    median: words(summary.median),
    least: words(summary.least),
    most: words(summary.most),
  });
}

/** What was measured in a window, as terms and their values. */
export function figuresOf(
  t: TranslateCall,
  window: HealthWindow,
): readonly (readonly [string, string])[] {
  const { lossIn, lossOut, picturesIn, picturesOut, path, limit } = window;
  return [
    ...(["round-trip", "jitter"] as const).map((measure) => {
      const value = measured(window, measure);
      return [
        measureName(t, measure),
        value === null ? t("call.health.unknown") : measureWords(t, measure, value),
      ] as const;
    }),
    [
      measureName(t, "loss"),
      t("call.health.lossBoth", { received: lossWords(t, lossIn), sent: lossWords(t, lossOut) }),
    ],
    [measureName(t, "received"), sentWords(t, window.received, picturesIn)],
    [measureName(t, "sent"), sentWords(t, window.sent, picturesOut)],
    [t("call.health.path"), path ? pathWords(t, path) : t("call.health.unknown")],
    [t("call.health.limitedBy"), t(`call.health.limit.${limit ?? "nothing"}`)],
  ];
}

export function pathWords(t: TranslateCall, { isRelayed, transport }: MediaPath): string {
  return t(isRelayed ? "call.health.relayed" : "call.health.direct", {
    transport: transport.toUpperCase(),
  });
}

function lossWords(t: TranslateCall, share: number | null): string {
  return share === null ? t("call.health.unknown") : percentWords(t, 100 * share);
}

function percentWords(t: TranslateCall, percent: number): string {
  const digits = percent === 0 || percent >= 10 ? 0 : 1;
  return t("call.health.percent", { value: decimal(t, percent, digits) });
}

function bitrateWords(t: TranslateCall, bitrate: number): string {
  const kilobits = bitrate / 1e3;
  return kilobits < 1000
    ? t("call.health.kilobits", { value: decimal(t, kilobits, 0) })
    : t("call.health.megabits", { value: decimal(t, kilobits / 1e3, 1) });
}

function framesWords(t: TranslateCall, perSecond: number): string {
  return t("call.health.frames", { value: decimal(t, perSecond, 0) });
}

function sentWords(t: TranslateCall, bits: number, pictures: Pictures | null): string {
  const bitrate = bitrateWords(t, bits);
  if (!pictures) return bitrate;
  const frames = framesWords(t, pictures.perSecond);
  if (pictures.height === null) return t("call.health.pictureRate", { bitrate, frames });
  return t("call.health.pictureSize", { bitrate, frames, height: String(pictures.height) });
}
