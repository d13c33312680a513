import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { KeyboardIcon, MoreIcon, SettingsIcon } from "../kit/icons";
import { KeyCap } from "../kit/keys";
import type { CallDeed } from "./call-deeds";
import { useKeysOf, useShortcut } from "./keys/use-shortcuts";
import { useCallTexts } from "./texts";

interface MoreMenuProps {
  deeds: readonly CallDeed[];
  onShortcuts(): void;
  onSettings(): void;
}

/** What is needed seldom, or has no room among the controls. */
export function MoreMenu({ deeds, onShortcuts, onSettings }: MoreMenuProps) {
  const t = useCallTexts();
  const keys = useKeysOf("sheet");
  useShortcut("sheet", onShortcuts);
  return (
    <MenuTrigger>
      <Button className="control" aria-label={t("call.controls.more")}>
        <MoreIcon />
      </Button>
      <Popover className="popover" placement="top">
        <Menu className="menu" aria-label={t("call.controls.more")}>
          {deeds.map(({ id, label, icon, act }) => (
            <MenuItem key={id} className="menu-item" textValue={label} onAction={act}>
              {icon}
              <span className="grow">{label}</span>
            </MenuItem>
          ))}
          <MenuItem
            className="menu-item"
            textValue={t("call.settings.title")}
            onAction={onSettings}
          >
            <SettingsIcon />
            <span className="grow">{t("call.settings.title")}</span>
          </MenuItem>
          <MenuItem className="menu-item" textValue={t("call.keys.title")} onAction={onShortcuts}>
            <KeyboardIcon />
            <span className="grow">{t("call.keys.title")}</span>
            <KeyCap keys={keys} />
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
