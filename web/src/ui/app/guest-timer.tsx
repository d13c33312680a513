import { useEffect, useRef } from "react";
import { formatDuration } from "../../clock";
import { ClockIcon } from "../kit/icons";
import { useTexts } from "../kit/texts";
import { toast } from "../kit/toast";
import { useIdentity, useNow, useServices } from "./services";

export const WARNING_MS = 2 * 60 * 1000;
/** Grace after a guest's time, in case the server's message of its end is lost. */
const PATIENCE_MS = 3_000;

interface GuestTimerProps {
  /** Leaves the warning to another component. */
  quiet?: boolean;
}

export function GuestTimer({ quiet = false }: GuestTimerProps) {
  const until = useIdentity()?.guestUntil ?? null;
  return until === null ? null : <Countdown until={until} quiet={quiet} />;
}

function Countdown({ until, quiet }: { until: number; quiet: boolean }) {
  const t = useTexts();
  const { session } = useServices();
  const left = until - useNow();
  const soon = left < WARNING_MS;
  const over = left < -PATIENCE_MS;
  const warned = useRef(quiet);
  useEffect(() => {
    if (!soon || warned.current) return;
    warned.current = true;
    toast(t("guest.endsSoon"));
  }, [soon, t]);
  useEffect(() => {
    if (over) session.end("guest_expired");
  }, [over, session]);
  return (
    <span
      className={`badge guest-timer ${soon ? "warm" : ""}`}
      role="timer"
      aria-label={t("guest.timeLeft")}
    >
      <ClockIcon size={15} />
      <span>{formatDuration(left)}</span>
    </span>
  );
}
