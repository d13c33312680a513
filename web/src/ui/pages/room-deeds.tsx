import { MenuItem } from "react-aria-components";
import { Chunk } from "../../chunk";
import { useServerConfig } from "../app/services";
import { LoadedPart } from "../kit/loaded-part";
import { Modal } from "../kit/modal";
import { ShownMenu } from "../kit/shown-menu";
import { useTexts } from "../kit/texts";
import type { Popup } from "../kit/use-popup";
import type { ManageProps, RoomDeed } from "./room-menu";

const DEEDS: readonly RoomDeed[] = ["edit", "invitations", "recordings", "delete"];
const TITLES = {
  edit: "manage.edit",
  invitations: "invite.title",
  recordings: "recordings.title",
  delete: "manage.delete",
} as const;

export function RoomItems(props: Popup & { room: string; onDeed(deed: RoomDeed): void }) {
  const { room, onDeed, ...menu } = props;
  const t = useTexts();
  const records = useServerConfig()?.recording === true;
  const deeds = DEEDS.filter((each) => each !== "recordings" || records);
  return (
    <ShownMenu
      {...menu}
      label={t("manage.menu", { room })}
      placement="bottom end"
      onAction={(key) => onDeed(key as RoomDeed)}
    >
      {deeds.map((each) => (
        <MenuItem key={each} id={each} className="menu-item">
          {t(TITLES[each])}
        </MenuItem>
      ))}
    </ShownMenu>
  );
}

const MANAGE = new Chunk(() => import("./manage-room").then((file) => file.ManageRoom));

/** The dialog of a deed, whose contents are loaded when it is opened. */
export function RoomDialog({ onClose, ...props }: ManageProps & { onClose(): void }) {
  const t = useTexts();
  return (
    <Modal title={t(TITLES[props.deed])} isOpen onClose={onClose}>
      <LoadedPart chunk={MANAGE}>{(Manage) => <Manage {...props} />}</LoadedPart>
    </Modal>
  );
}
