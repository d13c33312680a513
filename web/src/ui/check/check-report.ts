import type { BrowserKind } from "../../call/browser-kind";
import { type Outcome, outcome, STEPS, VERDICTS } from "../../call/check/findings";
import type { PreflightView, StepState } from "../../call/check/preflight";
import { figureWords, findingWords } from "./check-words";
import type { TranslateCheck } from "./texts";

/** Mail programs take links of about this length; what is longer is sent without the rest. */
const MOST_OF_MAIL = 1_800;

interface ReportFacts {
  readonly server: string;
  readonly version: string;
  readonly browser: string;
  readonly kind: BrowserKind;
  readonly at: Date;
}

/** The findings for whoever helps: without addresses, and without names of devices, which may be those of people. */
export function checkReport(t: TranslateCheck, view: PreflightView, facts: ReportFacts): string {
  const { server, version, browser, at } = facts;
  const head = [`Parlour ${version}`, server, at.toISOString(), browser];
  const steps = STEPS.flatMap((step) => {
    const found = outcomeOf(view.steps[step]);
    if (!found) return [];
    const { says, todo } = findingWords(t, found.finding, facts.kind);
    const figures = found.figures
      .filter(({ name }) => name !== "device")
      .map((figure) => `  ${figureWords(t, figure).join(": ")}`);
    const verdict = VERDICTS[found.finding];
    const title = `[${verdict}] ${t(`check.step.${step}`)}: ${says} (${found.finding})`;
    return [title, ...figures, ...(todo ? [`  → ${todo}`] : [])];
  });
  return [...head, "", ...steps, ""].join("\n");
}

function outcomeOf(state: StepState): Outcome | null {
  if (state.kind === "asking") return outcome("speaker.unanswered");
  return state.kind === "done" ? state : null;
}

/** A link that opens a mail with the report (RFC 6068). */
export function mailLink(address: string, subject: string, report: string): string {
  const to = encodeURIComponent(address).replace("%40", "@");
  return `mailto:${to}?subject=${encodeURIComponent(subject)}&body=${shortened(report)}`;
}

/** Cuts at the end of a line. */
function shortened(report: string): string {
  const lines = report.split("\n");
  let body = "";
  for (const line of lines) {
    const longer = body + (body ? "%0D%0A" : "") + encodeURIComponent(line);
    if (longer.length > MOST_OF_MAIL) break;
    body = longer;
  }
  return body;
}
