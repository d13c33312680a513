import type { ReactNode } from "react";
import type { Problem } from "../../problem";
import { AlertIcon, CheckIcon, InfoIcon } from "./icons";
import { useSentence } from "./texts";

type Tone = "info" | "success" | "warning" | "danger";

const ICONS = { info: InfoIcon, success: CheckIcon, warning: AlertIcon, danger: AlertIcon };

export function Notice({ tone = "info", children }: { tone?: Tone; children: ReactNode }) {
  const Icon = ICONS[tone];
  const urgent = tone === "danger" || tone === "warning";
  return (
    <div className={`notice ${tone}`} role={urgent ? "alert" : "status"}>
      <Icon />
      <div>{children}</div>
    </div>
  );
}

export function ProblemNotice({ problem }: { problem: Problem | null }) {
  const sentence = useSentence();
  return problem && <Notice tone="danger">{sentence(problem)}</Notice>;
}

export function Spinner({ label }: { label: string }) {
  return (
    <span className="row soft" role="status">
      <span className="spinner" aria-hidden="true" />
      <span>{label}</span>
    </span>
  );
}
