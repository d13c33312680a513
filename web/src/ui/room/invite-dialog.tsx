import { Inviting } from "../app/inviting";
import { Modal } from "../kit/modal";
import type { RoomFacts } from "./admission";
import { useCallTexts } from "./texts";

interface InviteDialogProps {
  room: RoomFacts;
  isOpen: boolean;
  onClose(): void;
}

export function InviteDialog({ room, isOpen, onClose }: InviteDialogProps) {
  const t = useCallTexts();
  return (
    <Modal title={t("invite.title")} isOpen={isOpen} onClose={onClose}>
      <Inviting room={room.name} />
    </Modal>
  );
}
