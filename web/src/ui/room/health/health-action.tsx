import { ownStanding } from "../../../call/health/advice";
import type { CallHealth } from "../../../call/health/call-health";
import { useStore } from "../../app/services";
import { IconAction } from "../../kit/icon-action";
import { useKeysOf, useShortcut } from "../keys/use-shortcuts";
import { useCallTexts } from "../texts";
import { HealthIcon } from "./health-mark";
import { standingWords } from "./standing-words";

interface HealthActionProps {
  health: CallHealth;
  isOpen: boolean;
  onOpen(open: boolean): void;
}

/** Opens the panel of connections, and shows how our own end does. */
export function HealthAction({ health, isOpen, onOpen }: HealthActionProps) {
  const t = useCallTexts();
  const records = useStore(health.records);
  const standing = ownStanding(records.filter(({ isHere }) => isHere));
  const words = standing
    ? t("call.health.titleAnd", { standing: standingWords(t, standing) })
    : t("call.health.title");
  const keys = useKeysOf("connections");
  const toggle = () => onOpen(!isOpen);
  useShortcut("connections", toggle);
  return (
    <IconAction
      label={words}
      icon={<HealthIcon standing={standing} size={20} />}
      aria-expanded={isOpen}
      keys={keys}
      onPress={toggle}
    />
  );
}
