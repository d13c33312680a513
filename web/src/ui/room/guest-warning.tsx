import { useState } from "react";
import { WARNING_MS } from "../app/guest-timer";
import { useIdentity, useNow } from "../app/services";
import { CloseAction } from "../kit/button";
import { ClockIcon } from "../kit/icons";
import { useCallTexts } from "./texts";

/** Renders its live region from the start, so that screen readers announce the warning when it appears. */
export function GuestWarning() {
  const t = useCallTexts();
  const until = useIdentity()?.guestUntil ?? null;
  const [dismissed, setDismissed] = useState(false);
  const now = useNow();
  if (until === null) return null;
  const shown = until - now < WARNING_MS && !dismissed;
  return (
    <div className="guest-warning-region" role="status" aria-label={t("call.guest.region")}>
      {shown && (
        <div className="guest-warning">
          <ClockIcon size={18} />
          <span>{t("call.guest.warning")}</span>
          <CloseAction label={t("call.guest.dismiss")} onPress={() => setDismissed(true)} />
        </div>
      )}
    </div>
  );
}
