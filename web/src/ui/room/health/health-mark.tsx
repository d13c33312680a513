import type { Standing } from "../../../call/health/mark";
import { SignalIcon } from "../../kit/icons";
import { useCallTexts } from "../texts";
import { standingWords } from "./standing-words";

const BARS = { good: 3, fair: 2, poor: 1 } as const;

interface HealthIconProps {
  standing: Standing | null;
  size?: number;
}

/** As many bars as the connection deserves, in a colour of its own; all bars where nothing is known. */
export function HealthIcon({ standing, size = 15 }: HealthIconProps) {
  return (
    <span className="health-mark" data-mark={standing?.mark}>
      <SignalIcon bars={standing ? BARS[standing.mark] : 3} size={size} />
    </span>
  );
}

/** Says how a connection does, in words for screen readers and pointers. Nothing where nothing is known. */
export function HealthMark({ standing, size }: HealthIconProps) {
  const t = useCallTexts();
  if (!standing) return null;
  const words = standingWords(t, standing);
  return (
    <span className="tile-mark" role="img" aria-label={words} title={words}>
      <HealthIcon standing={standing} {...(size && { size })} />
    </span>
  );
}
