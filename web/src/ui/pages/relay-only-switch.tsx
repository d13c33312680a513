import { useServerConfig } from "../app/services";
import { Switch } from "../kit/field";
import { useTexts } from "../kit/texts";

interface Props {
  isSelected: boolean;
  onChange(isSelected: boolean): void;
}

/** Whether media of a room's calls go through the relay alone. Where the server has none, it can only be turned off. */
export function RelayOnlySwitch({ isSelected, onChange }: Props) {
  const t = useTexts();
  const hasRelay = useServerConfig()?.relay === true;
  if (!hasRelay && !isSelected) return null;
  return (
    <Switch
      label={t("newRoom.relayOnly")}
      hint={t("newRoom.relayOnlyHint")}
      isSelected={isSelected}
      onChange={onChange}
    />
  );
}
