import { Action } from "../../kit/button";
import { Modal } from "../../kit/modal";
import { useCallTexts } from "../texts";

interface ConsentQuestionProps {
  /** The name of who started the recording. */
  name: string;
  onAgree(): void;
  onLeave(): void;
  /** Stays without being recorded. */
  onClose(): void;
}

/** Asks who is in a call that the server begins to record. */
export function ConsentQuestion({ name, onAgree, onLeave, onClose }: ConsentQuestionProps) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.recording.askTitle")} isOpen onClose={onClose}>
      <div className="stack">
        <p>{t("call.recording.serverBy", { name })}</p>
        <p>{t("call.recording.consentText")}</p>
        <div className="row">
          <Action look="primary" onPress={onAgree} autoFocus>
            {t("call.recording.agree")}
          </Action>
          <Action onPress={onClose}>{t("call.recording.stay")}</Action>
          <Action look="danger" onPress={onLeave}>
            {t("call.recording.leave")}
          </Action>
        </div>
      </div>
    </Modal>
  );
}
