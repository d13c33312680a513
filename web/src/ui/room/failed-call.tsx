import { useEffect } from "react";
import type { Call } from "../../call/call";
import { Action } from "../kit/button";
import { useCallTexts } from "./texts";

interface FailedCallProps {
  call: Call;
  onBack(): void;
}

/** Replaces a call view that failed to render. Devices are turned off, since their buttons are not visible. */
export function FailedCall({ call, onBack }: FailedCallProps) {
  const t = useCallTexts();
  useEffect(() => {
    void call.media.setMicrophone(false);
    void call.media.setCamera(false);
    call.media.stopScreen();
  }, [call]);
  return (
    <>
      <div className="card-head" role="alert">
        <h1>{t("failure.title")}</h1>
        <p className="soft">{t("call.failed.text")}</p>
      </div>
      <Action look="primary" onPress={onBack}>
        {t("call.failed.back")}
      </Action>
      <Action look="danger" onPress={() => call.leave()}>
        {t("call.controls.leave")}
      </Action>
    </>
  );
}
