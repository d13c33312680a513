import type { BrowserKind } from "../../call/browser-kind";
import {
  type Figure,
  type Finding,
  isFault,
  STEPS,
  VERDICTS,
  type Verdict,
} from "../../call/check/findings";
import type { PreflightView, StepState } from "../../call/check/preflight";
import type { FindingState } from "../kit/finding";
import { measureWords } from "../room/health/health-words";
import type { TranslateCheck } from "./texts";

/** What a finding says, and what a person can do about it: null where nothing has to be done. */
export interface FindingWords {
  readonly says: string;
  readonly todo: string | null;
}

export function findingWords(
  t: TranslateCheck,
  finding: Finding,
  browser: BrowserKind,
): FindingWords {
  return { says: t(`check.says.${finding}`), todo: todoOf(t, finding, browser) };
}

function todoOf(t: TranslateCheck, finding: Finding, browser: BrowserKind): string | null {
  if (!isFault(finding)) return null;
  switch (finding) {
    case "device.denied":
      return t("call.help.denied", { browser });
    case "device.busy":
      return t("call.help.busy");
    case "device.missing":
      return t("call.help.missing");
    case "browser.noCalls":
      return t("call.lobby.noCallsText");
    default:
      return t(`check.todo.${finding}`);
  }
}

export function stateOf(state: StepState): FindingState {
  if (state.kind === "done") return VERDICTS[state.finding];
  return state.kind === "waiting" ? "waiting" : "running";
}

export function stateWords(t: TranslateCheck, state: StepState): string {
  if (state.kind === "asking") return t("check.state.asking");
  return t(`check.state.${stateOf(state)}`);
}

export function verdictWords(t: TranslateCheck, verdict: Verdict): string {
  return t(`check.state.${verdict}`);
}

/** What has been found so far; a question without an answer counts as left out. */
export function findingsOf({ steps }: PreflightView): Finding[] {
  return STEPS.map((step) => steps[step]).flatMap((state): Finding[] => {
    if (state.kind === "asking") return ["speaker.unanswered"];
    return state.kind === "done" ? [state.finding] : [];
  });
}

/** A figure as a term and its value. */
export function figureWords(t: TranslateCheck, figure: Figure): readonly [string, string] {
  switch (figure.name) {
    case "device":
    case "size":
    case "codecs":
      return [t(`check.figure.${figure.name}`), figure.text];
    case "roundTrip":
    case "delay":
    case "time":
      return [t(`check.figure.${figure.name}`), measureWords(t, "round-trip", figure.ms)];
    case "bitrate":
      return [t("check.figure.bitrate"), measureWords(t, "sent", figure.bits / 1e6)];
    case "loss":
      return [t("call.health.measure.loss"), measureWords(t, "loss", figure.percent)];
    case "host":
    case "public":
      return [
        t(`check.figure.${figure.name}`),
        t(figure.isThere ? "check.way.found" : "check.way.none"),
      ];
    case "path":
      return [
        t("call.health.path"),
        t(figure.path.isRelayed ? "call.health.relayed" : "call.health.direct", {
          transport: figure.path.transport.toUpperCase(),
        }),
      ];
    default:
      return [
        t("check.figure.relay", { transport: figure.name.replace("relay-", "").toUpperCase() }),
        t(`check.way.${figure.way}`),
      ];
  }
}
