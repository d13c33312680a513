import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { KeyboardIcon, MoreIcon } from "../kit/icons";
import { KeyCap } from "../kit/keys";
import { useKeysOf, useShortcut } from "./keys/use-shortcuts";
import { useCallTexts } from "./texts";

/** What is needed seldom, or has no room among the controls. */
export function MoreMenu({ onShortcuts }: { onShortcuts(): void }) {
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
