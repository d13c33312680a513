import { useState } from "react";
import { Chunk } from "../../chunk";
import type { RoomEntry } from "../../wire.gen";
import { MoreIcon } from "../kit/icons";
import { MenuButton } from "../kit/menu-button";
import { useTexts } from "../kit/texts";

export type RoomDeed = "edit" | "invitations" | "recordings" | "delete";

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

const DEEDS = new Chunk(() => import("./room-deeds"));
const ITEMS = DEEDS.part((deeds) => deeds.RoomItems);

/** What its creator can do with a room. The dialogs are loaded when one is opened. */
export function RoomMenu({ room, onChange }: RoomMenuProps) {
  const t = useTexts();
  const [deed, setDeed] = useState<RoomDeed | null>(null);
  const onDone = () => {
    setDeed(null);
    onChange();
  };
  return (
    <>
      <MenuButton
        label={t("manage.menu", { room: room.name })}
        className="button quiet icon-only compact room-menu"
        menu={ITEMS}
        values={{ room: room.name, onDeed: setDeed }}
      >
        <MoreIcon size={18} />
      </MenuButton>
      {deed && DEEDS.loaded && (
        <DEEDS.loaded.RoomDialog {...{ deed, room, onDone }} onClose={() => setDeed(null)} />
      )}
    </>
  );
}
