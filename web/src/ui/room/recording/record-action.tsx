import type { Call } from "../../../call/call";
import { useStore } from "../../app/services";
import { IconAction } from "../../kit/icon-action";
import { RecordIcon } from "../../kit/icons";
import { useCallTexts } from "../texts";

interface RecordActionProps {
  call: Call;
  isOpen: boolean;
  onOpen(open: boolean): void;
}

/** Opens the panel of the recording, and shows whether one is under way in this browser. */
export function RecordAction({ call, isOpen, onOpen }: RecordActionProps) {
  const t = useCallTexts();
  const isRunning = useStore(call.recorder) !== null;
  return (
    <IconAction
      label={isRunning ? t("call.record.running") : t("call.record.title")}
      icon={<RecordIcon />}
      className={isRunning ? "recording" : ""}
      aria-expanded={isOpen}
      onPress={() => onOpen(!isOpen)}
    />
  );
}
