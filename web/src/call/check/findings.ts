import type { MediaPath } from "../health/window";

/** The steps of the check, in the order in which they are shown. */
export const STEPS = [
  "browser",
  "camera",
  "microphone",
  "speaker",
  "signaling",
  "transport",
  "candidates",
  "direct",
  "relayed",
  "reconnect",
] as const;
export type StepName = (typeof STEPS)[number];

export type Verdict = "fine" | "warning" | "failed" | "skipped";

/** All that a step may find, with its verdict; `check.says` and `check.todo` have the words. */
export const VERDICTS = {
  "browser.fine": "fine",
  "browser.noScreen": "fine",
  "browser.noCalls": "failed",
  "browser.insecure": "failed",
  "camera.fine": "fine",
  "microphone.fine": "fine",
  "microphone.silent": "warning",
  "device.denied": "failed",
  "device.missing": "warning",
  "device.busy": "failed",
  "speaker.heard": "fine",
  "speaker.unheard": "failed",
  "speaker.unplayable": "failed",
  "speaker.unanswered": "skipped",
  "signaling.fine": "fine",
  "signaling.slow": "warning",
  "signaling.gone": "failed",
  "transport.webSocket": "fine",
  "transport.polling": "warning",
  "transport.none": "failed",
  "candidates.fine": "fine",
  "candidates.none": "failed",
  "candidates.unknown": "failed",
  "candidates.noRelay": "warning",
  "candidates.someRelays": "warning",
  "candidates.udpBlocked": "warning",
  "candidates.relayRefused": "failed",
  "candidates.relaySilent": "failed",
  "direct.fine": "fine",
  "direct.failed": "failed",
  "relayed.fine": "fine",
  "relayed.poor": "warning",
  "relayed.failed": "failed",
  "reconnect.fine": "fine",
  "reconnect.failed": "failed",
  "skipped.browser": "skipped",
  "skipped.server": "skipped",
  "skipped.logIn": "skipped",
  "skipped.noRelay": "skipped",
  "skipped.relayOnly": "skipped",
  "skipped.noConnection": "skipped",
} as const satisfies Readonly<Record<string, Verdict>>;

export type Finding = keyof typeof VERDICTS;

type WithVerdict<V extends Verdict> = {
  [F in Finding]: (typeof VERDICTS)[F] extends V ? F : never;
}[Finding];

/** The findings after which something is to be done. */
export type Fault = WithVerdict<"warning" | "failed">;

export function isFault(finding: Finding): finding is Fault {
  return VERDICTS[finding] === "warning" || VERDICTS[finding] === "failed";
}

/** How far the way to a relay by one transport leads. */
export type WayState = "works" | "refused" | "silent";
export type RelayTransport = "udp" | "tcp" | "tls";

/** What was measured or found beside a finding. */
export type Figure =
  | { readonly name: "device" | "size" | "codecs"; readonly text: string }
  | { readonly name: "roundTrip" | "delay" | "time"; readonly ms: number }
  | { readonly name: "bitrate"; readonly bits: number }
  | { readonly name: "loss"; readonly percent: number }
  | { readonly name: "host" | "public"; readonly isThere: boolean }
  | { readonly name: `relay-${RelayTransport}`; readonly way: WayState }
  | { readonly name: "path"; readonly path: MediaPath };

export interface Outcome {
  readonly finding: Finding;
  readonly figures: readonly Figure[];
}

export function outcome(finding: Finding, ...figures: (Figure | null)[]): Outcome {
  return { finding, figures: figures.filter((figure) => figure !== null) };
}

/** The worst of what was found; steps that were left out do not count. */
export function worstOf(findings: readonly Finding[]): Verdict {
  const verdicts = findings.map((finding): Verdict => VERDICTS[finding]);
  if (verdicts.includes("failed")) return "failed";
  return verdicts.includes("warning") ? "warning" : "fine";
}
