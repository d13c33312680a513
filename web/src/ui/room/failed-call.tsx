import { useEffect } from "react";
import type { Call } from "../../call/call";
import { Action } from "../kit/button";

interface FailedCallProps {
  call: Call;
  onBack(): void;
}

/** Replaces a call view that failed to render. Devices are turned off, since their buttons are not visible. */
export function FailedCall({ call, onBack }: FailedCallProps) {
  useEffect(() => {
    void call.media.setMicrophone(false);
    void call.media.setCamera(false);
    call.media.stopScreen();
  }, [call]);
  return (
    <>
      <div className="card-head" role="alert">
        <h1>Something went wrong</h1>
        <p className="soft">
          The call couldn’t be shown. You’re still in it, with your microphone and camera off.
        </p>
      </div>
      <Action look="primary" onPress={onBack}>
        Back to the call
      </Action>
      <Action look="danger" onPress={() => call.leave()}>
        Leave
      </Action>
    </>
  );
}
