import type { ReactNode } from "react";
import { AlertIcon, CheckIcon, ClockIcon, CloseIcon, SkipIcon } from "./icons";

export type FindingState = "fine" | "warning" | "failed" | "skipped" | "running" | "waiting";

const ICONS = {
  fine: CheckIcon,
  warning: AlertIcon,
  failed: CloseIcon,
  skipped: SkipIcon,
  waiting: ClockIcon,
} as const;
const TONES: Partial<Record<FindingState, string>> = {
  fine: "accent",
  warning: "warm",
  failed: "bad",
};

interface FindingItemProps {
  state: FindingState;
  /** The state in a word. */
  label: string;
  title: string;
  children?: ReactNode;
}

/** An entry of a list of what was looked at: what was found, and what to do about it. */
export function FindingItem({ state, label, title, children }: FindingItemProps) {
  return (
    <li className="finding">
      <div className="finding-head">
        <h2>{title}</h2>
        <span className={`badge ${TONES[state] ?? ""}`}>
          <Mark state={state} />
          <span>{label}</span>
        </span>
      </div>
      <div className="finding-body">{children}</div>
    </li>
  );
}

function Mark({ state }: { state: FindingState }) {
  if (state === "running") return <span className="spinner" aria-hidden="true" />;
  const Icon = ICONS[state];
  return <Icon size={14} />;
}
