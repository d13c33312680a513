import type { ReactElement } from "react";
import { Modal as AriaModal, Dialog, Heading, ModalOverlay } from "react-aria-components";
import { CloseAction } from "./button";

interface ModalProps {
  title: string;
  isOpen: boolean;
  onClose(): void;
  children: ReactElement;
}

export function Modal({ title, isOpen, onClose, children }: ModalProps) {
  return (
    <ModalOverlay
      className="veil"
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => !open && onClose()}
    >
      <AriaModal className="modal">
        <Dialog className="dialog">
          <div className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <CloseAction onPress={onClose} />
          </div>
          {children}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}
