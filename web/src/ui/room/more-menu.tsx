import { MenuItem } from "react-aria-components";
import { KeyboardIcon, SettingsIcon } from "../kit/icons";
import { KeyCap } from "../kit/keys";
import { ShownMenu } from "../kit/shown-menu";
import type { Popup } from "../kit/use-popup";
import type { CallDeed } from "./call-deeds";
import { useKeysOf } from "./keys/use-shortcuts";
import { useCallTexts } from "./texts";

interface MoreMenuProps extends Popup {
  deeds: readonly CallDeed[];
  onShortcuts(): void;
  onSettings(): void;
}

/** What is needed seldom, or has no room among the controls. */
export function MoreMenu({ deeds, onShortcuts, onSettings, ...menu }: MoreMenuProps) {
  const t = useCallTexts();
  const keys = useKeysOf("sheet");
  return (
    <ShownMenu {...menu} label={t("call.controls.more")} placement="top">
      {deeds.map(({ id, label, icon, act }) => (
        <MenuItem key={id} className="menu-item" textValue={label} onAction={act}>
          {icon}
          <span className="grow">{label}</span>
        </MenuItem>
      ))}
      <MenuItem className="menu-item" textValue={t("call.settings.title")} onAction={onSettings}>
        <SettingsIcon />
        <span className="grow">{t("call.settings.title")}</span>
      </MenuItem>
      <MenuItem className="menu-item" textValue={t("call.keys.title")} onAction={onShortcuts}>
        <KeyboardIcon />
        <span className="grow">{t("call.keys.title")}</span>
        <KeyCap keys={keys} />
      </MenuItem>
    </ShownMenu>
  );
}
