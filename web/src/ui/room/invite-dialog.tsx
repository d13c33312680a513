import { Inviting } from "../app/inviting";
import { Modal } from "../kit/modal";
import { useCallTexts } from "./texts";

interface InviteDialogProps {
  room: string;
  onClose(): void;
}

export function InviteDialog({ room, onClose }: InviteDialogProps) {
  const t = useCallTexts();
  return (
    <Modal title={t("invite.title")} isOpen onClose={onClose}>
      <Inviting room={room} />
    </Modal>
  );
}
