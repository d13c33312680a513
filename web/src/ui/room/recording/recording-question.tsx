import { Action, LinkAction } from "../../kit/button";
import { Modal } from "../../kit/modal";
import { useCallTexts } from "../texts";

interface RecordingQuestionProps {
  /** What is recorded by whom; none where nothing is any more. */
  sentences: readonly string[];
  onEnter(): void;
  onClose(): void;
}

/** Asks who comes to a call that is recorded whether they enter. */
export function RecordingQuestion({ sentences, onEnter, onClose }: RecordingQuestionProps) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.recording.askTitle")} isOpen onClose={onClose}>
      <div className="stack">
        {sentences.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
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
