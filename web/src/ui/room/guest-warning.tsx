import { useState } from "react";
import { WARNING_MS } from "../app/guest-timer";
import { useIdentity, useNow } from "../app/services";
import { CloseAction } from "../kit/button";
import { ClockIcon } from "../kit/icons";

/** Renders its live region from the start, so that screen readers announce the warning when it appears. */
export function GuestWarning() {
  const until = useIdentity()?.guestUntil ?? null;
  const [dismissed, setDismissed] = useState(false);
  const now = useNow();
  if (until === null) return null;
  const shown = until - now < WARNING_MS && !dismissed;
  return (
    <div className="guest-warning-region" role="status" aria-label="Your time as a guest">
      {shown && (
        <div className="guest-warning">
          <ClockIcon size={18} />
          <span>
            Your time as a guest ends in less than 2 minutes. You’ll then leave the call. To stay
            longer, create an account.
          </span>
          <CloseAction label="Dismiss the warning" onPress={() => setDismissed(true)} />
        </div>
      )}
    </div>
  );
}
