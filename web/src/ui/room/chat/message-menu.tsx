import { useRef, useState } from "react";
import { Menu, MenuItem, Popover } from "react-aria-components";
import type { ChatEntry } from "../../../call/chat-entries";
import { Action } from "../../kit/button";
import { Modal } from "../../kit/modal";
import { fullName } from "../../kit/person-name";
import { useCallTexts } from "../texts";

/** What can be done with a message. */
export interface MessageDeeds {
  reply(entry: ChatEntry): void;
  edit(entry: ChatEntry): void;
  again(entry: ChatEntry): void;
  copy(entry: ChatEntry): void;
  remove(entry: ChatEntry): void;
}

interface MessageMenuProps {
  opened: { entry: ChatEntry; button: Element } | null;
  me: string;
  isCreator: boolean;
  deeds: MessageDeeds;
  onClose(): void;
}

export function MessageMenu({ opened, me, isCreator, deeds, onClose }: MessageMenuProps) {
  const t = useCallTexts();
  const [removing, setRemoving] = useState<ChatEntry | null>(null);
  const button = useRef<Element | null>(null);
  button.current = opened?.button ?? null;
  const mine = opened?.entry.email === me;
  return (
    <>
      <Popover
        className="popover"
        triggerRef={button}
        isOpen={opened !== null}
        onOpenChange={(open) => !open && onClose()}
        placement="bottom end"
      >
        {opened && (
          <Menu
            className="menu"
            aria-label={t("call.chat.actions")}
            autoFocus="first"
            onClose={onClose}
          >
            <MenuItem className="menu-item" onAction={() => deeds.reply(opened.entry)}>
              <span>{t("call.chat.reply")}</span>
            </MenuItem>
            <MenuItem className="menu-item" onAction={() => deeds.copy(opened.entry)}>
              <span>{t("call.chat.copy")}</span>
            </MenuItem>
            {mine && (
              <MenuItem className="menu-item" onAction={() => deeds.edit(opened.entry)}>
                <span>{t("call.chat.edit")}</span>
              </MenuItem>
            )}
            {(mine || isCreator) && (
              <MenuItem className="menu-item danger" onAction={() => setRemoving(opened.entry)}>
                <span>{t("call.chat.delete")}</span>
              </MenuItem>
            )}
          </Menu>
        )}
      </Popover>
      <Modal
        title={t("call.chat.deleteTitle")}
        isOpen={removing !== null}
        onClose={() => setRemoving(null)}
      >
        <Removal
          entry={removing}
          mine={removing?.email === me}
          onCancel={() => setRemoving(null)}
          onRemove={(entry) => {
            setRemoving(null);
            deeds.remove(entry);
          }}
        />
      </Modal>
    </>
  );
}

interface RemovalProps {
  entry: ChatEntry | null;
  mine: boolean;
  onCancel(): void;
  onRemove(entry: ChatEntry): void;
}

/** Asks first: a text that is deleted does not come back. */
function Removal({ entry, mine, onCancel, onRemove }: RemovalProps) {
  const t = useCallTexts();
  if (!entry) return null;
  return (
    <div className="stack">
      <p>{mine ? t("call.chat.deleteOwn") : t("call.chat.deleteOf", { name: fullName(entry) })}</p>
      <blockquote className="message-quote-text" dir="auto">
        {entry.message}
      </blockquote>
      <div className="row end">
        <Action onPress={onCancel}>{t("call.chat.cancel")}</Action>
        <Action look="danger" autoFocus onPress={() => onRemove(entry)}>
          {t("call.chat.delete")}
        </Action>
      </div>
    </div>
  );
}
