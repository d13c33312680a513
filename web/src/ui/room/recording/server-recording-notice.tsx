import type { Call } from "../../../call/call";
import { useStore } from "../../app/services";
import { Action } from "../../kit/button";
import { Notice } from "../../kit/notice";
import { CONSENT_QUESTION } from "../call-chunks";
import { LazyDialog } from "../lazy-dialog";
import { useCallTexts } from "../texts";
import { recordingStarter } from "./recorder-names";

/** Asks whether the person may be recorded by the server; who may not is told so for as long, and may say yes. */
export function ServerRecordingNotice({ call }: { call: Call }) {
  const t = useCallTexts();
  const recordings = call.serverRecordings;
  const recording = useStore(recordings.current);
  const declined = useStore(recordings.declined);
  const agreed = useStore(recordings.agreed);
  if (!recording || recording.consented || agreed === recording.recordingID) return null;
  if (declined !== recording.recordingID) {
    const values = {
      name: recordingStarter(recording),
      onAgree: () => void recordings.consent(),
      onLeave: () => call.leave(),
    };
    return (
      <LazyDialog dialog={CONSENT_QUESTION} values={values} onClose={() => recordings.decline()} />
    );
  }
  return (
    <div className="call-notice">
      <Notice>
        <p>{t("call.recording.unrecorded")}</p>
        <Action className="compact" onPress={() => void recordings.consent()}>
          {t("call.recording.agree")}
        </Action>
      </Notice>
    </div>
  );
}
