import { type ComponentType, useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { RoomEntry } from "../../wire.gen";
import { MoreIcon } from "../kit/icons";
import { Modal } from "../kit/modal";
import { Notice, Spinner } from "../kit/notice";
import { useTexts } from "../kit/texts";

export type RoomDeed = "edit" | "invitations" | "delete";

export interface ManageProps {
  deed: RoomDeed;
  room: RoomEntry;
  /** Called when the deed is done. */
  onDone(): void;
}

interface RoomMenuProps {
  room: RoomEntry;
  onChange(): void;
}

const DEEDS: readonly RoomDeed[] = ["edit", "invitations", "delete"];
const TITLES = {
  edit: "manage.edit",
  invitations: "invite.title",
  delete: "manage.delete",
} as const;

/** What its creator can do with a room. The dialogs are loaded when one is opened. */
export function RoomMenu({ room, onChange }: RoomMenuProps) {
  const t = useTexts();
  const [deed, setDeed] = useState<RoomDeed | null>(null);
  const [loaded, setLoaded] = useState<{ Manage: ComponentType<ManageProps> } | null>(null);
  const open = (chosen: RoomDeed) => {
    setDeed(chosen);
    import("./manage-room")
      .then(({ ManageRoom: Manage }) => setLoaded({ Manage }))
      .catch((error: unknown) => {
        console.warn("The dialogs of rooms", error);
        setLoaded({ Manage: NotLoaded });
      });
  };
  const done = () => {
    setDeed(null);
    onChange();
  };
  return (
    <>
      <MenuTrigger>
        <Button
          className="button quiet icon-only compact room-menu"
          aria-label={t("manage.menu", { room: room.name })}
        >
          <MoreIcon size={18} />
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu
            className="menu"
            aria-label={t("manage.menu", { room: room.name })}
            onAction={(key) => open(key as RoomDeed)}
          >
            {DEEDS.map((each) => (
              <MenuItem key={each} id={each} className="menu-item">
                {t(TITLES[each])}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {deed && (
        <Modal title={t(TITLES[deed])} isOpen onClose={() => setDeed(null)}>
          {loaded ? (
            <loaded.Manage deed={deed} room={room} onDone={done} />
          ) : (
            <Spinner label={t("app.loadingList")} />
          )}
        </Modal>
      )}
    </>
  );
}

/** The server cannot be reached, or was updated meanwhile. */
function NotLoaded() {
  const t = useTexts();
  return <Notice tone="warning">{t("manage.notLoaded")}</Notice>;
}
