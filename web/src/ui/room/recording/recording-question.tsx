import { Action, LinkAction } from "../../kit/button";
import { Modal } from "../../kit/modal";
import { useCallTexts } from "../texts";

interface RecordingQuestionProps {
  /** Those who record; empty where nobody does any more. */
  names: string;
  onEnter(): void;
  onClose(): void;
}

/** Asks who comes to a call that is recorded whether they enter. */
export function RecordingQuestion({ names, onEnter, onClose }: RecordingQuestionProps) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.recording.askTitle")} isOpen onClose={onClose}>
      <div className="stack">
        {names && <p>{t("call.recording.by", { names })}</p>}
        <p>{t("call.recording.askText")}</p>
        <div className="row">
          <Action look="primary" onPress={onEnter} autoFocus>
            {t("call.recording.enter")}
          </Action>
          <LinkAction href="/">{t("call.recording.leave")}</LinkAction>
        </div>
      </div>
    </Modal>
  );
}
