import { type ComponentType, useEffect, useState } from "react";
import { MenuItem } from "react-aria-components";
import type { OpenMenu } from "../kit/menu-button";
import { Modal } from "../kit/modal";
import { Notice, Spinner } from "../kit/notice";
import { ShownMenu } from "../kit/shown-menu";
import { useTexts } from "../kit/texts";
import type { ManageProps, RoomDeed } from "./room-menu";

const DEEDS: readonly RoomDeed[] = ["edit", "invitations", "delete"];
const TITLES = {
  edit: "manage.edit",
  invitations: "invite.title",
  delete: "manage.delete",
} as const;

export function RoomItems(props: OpenMenu & { room: string; onDeed(deed: RoomDeed): void }) {
  const { room, onDeed, ...menu } = props;
  const t = useTexts();
  return (
    <ShownMenu
      {...menu}
      label={t("manage.menu", { room })}
      placement="bottom end"
      onAction={(key) => onDeed(key as RoomDeed)}
    >
      {DEEDS.map((each) => (
        <MenuItem key={each} id={each} className="menu-item">
          {t(TITLES[each])}
        </MenuItem>
      ))}
    </ShownMenu>
  );
}

/** The dialog of a deed, whose contents are loaded when it is opened. */
export function RoomDialog({ onClose, ...props }: ManageProps & { onClose(): void }) {
  const t = useTexts();
  const [loaded, setLoaded] = useState<{ Manage: ComponentType<ManageProps> } | null>(null);
  useEffect(() => {
    import("./manage-room")
      .then(({ ManageRoom: Manage }) => setLoaded({ Manage }))
      .catch((error: unknown) => {
        console.warn("The dialogs of rooms", error);
        setLoaded({ Manage: NotLoaded });
      });
  }, []);
  return (
    <Modal title={t(TITLES[props.deed])} isOpen onClose={onClose}>
      {loaded ? <loaded.Manage {...props} /> : <Spinner label={t("app.loadingList")} />}
    </Modal>
  );
}

/** The server cannot be reached, or was updated meanwhile. */
function NotLoaded() {
  const t = useTexts();
  return <Notice tone="warning">{t("manage.notLoaded")}</Notice>;
}
