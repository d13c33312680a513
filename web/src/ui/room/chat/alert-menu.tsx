import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { useStore } from "../../app/services";
import { IconAction } from "../../kit/icon-action";
import { BellIcon, CheckIcon } from "../../kit/icons";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";
import { alertSettings, canNotify, chooseAlerts } from "./alert-settings";

/** Chooses how one hears of messages while the tab is hidden. */
export function AlertMenu() {
  const t = useCallTexts();
  const { sound, notification } = useStore(alertSettings);
  const choose = async (keys: "all" | Set<string | number>) => {
    const has = (key: string) => keys === "all" || keys.has(key);
    const permitted = await chooseAlerts({
      sound: has("sound"),
      notification: has("notification") && canNotify(),
    });
    if (!permitted) toast(t("call.chat.notPermitted"));
  };
  const items = [
    { id: "sound", text: t("call.chat.sound") },
    ...(canNotify() ? [{ id: "notification", text: t("call.chat.notifications") }] : []),
  ];
  return (
    <MenuTrigger>
      <IconAction className="compact" label={t("call.chat.alerts")} icon={<BellIcon size={18} />} />
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={t("call.chat.alerts")}
          selectionMode="multiple"
          selectedKeys={[...(sound ? ["sound"] : []), ...(notification ? ["notification"] : [])]}
          onSelectionChange={(keys) => void choose(keys)}
        >
          <MenuSection>
            <Header className="menu-head">{t("call.chat.whenHidden")}</Header>
            {items.map(({ id, text }) => (
              <MenuItem key={id} id={id} className="menu-item" textValue={text}>
                {({ isSelected }) => (
                  <>
                    <span className="mark">{isSelected && <CheckIcon />}</span>
                    <span>{text}</span>
                  </>
                )}
              </MenuItem>
            ))}
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
