import { useMemo, useRef, useState } from "react";
import type { Chat } from "../../../call/chat";
import type { ChatEntry } from "../../../call/chat-entries";
import type { Files } from "../../../call/files/files";
import { CloseAction } from "../../kit/button";
import { copied } from "../../kit/clipboard";
import { useSentence } from "../../kit/texts";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";
import { AlertMenu } from "./alert-menu";
import { AttachAction } from "./attach-action";
import { Composer, type ComposerMode } from "./composer";
import { FileCards } from "./file-cards";
import { MessageList } from "./message-list";

interface ChatPanelProps {
  chat: Chat;
  files: Files;
  me: string;
  isCreator: boolean;
  onClose(): void;
}

const WRITING: ComposerMode = { kind: "writing" };

export function ChatPanel({ chat, files, me, isCreator, onClose }: ChatPanelProps) {
  const t = useCallTexts();
  const sentence = useSentence();
  const [mode, setMode] = useState<ComposerMode>(WRITING);
  const field = useRef<HTMLTextAreaElement>(null);
  const deeds = useMemo(() => {
    const compose = (next: ComposerMode) => {
      setMode(next);
      // The menu that was pressed gives the focus back to its button first.
      requestAnimationFrame(() => field.current?.focus());
    };
    return {
      reply: (entry: ChatEntry) => compose({ kind: "answering", entry }),
      edit: (entry: ChatEntry) => compose({ kind: "editing", entry }),
      again: (entry: ChatEntry) => void chat.sendAgain(entry.message_id),
      copy: (entry: ChatEntry) => {
        void copied(entry.message).then((done) =>
          toast(done ? t("call.chat.copied") : t("call.chat.notCopied")),
        );
      },
      remove: async (entry: ChatEntry) => {
        const refused = await chat.delete(entry);
        if (refused) toast(sentence(refused));
      },
    };
  }, [chat, t, sentence]);
  return (
    <aside className="panel" aria-label={t("call.chat.title")}>
      <header className="panel-head">
        <h2>{t("call.chat.title")}</h2>
        <span className="row">
          <AlertMenu />
          <CloseAction label={t("call.chat.close")} onPress={onClose} />
        </span>
      </header>
      <MessageList chat={chat} me={me} isCreator={isCreator} deeds={deeds} />
      <FileCards files={files} />
      <Composer
        chat={chat}
        attach={files.isSupported ? <AttachAction files={files} field={field} /> : null}
        me={me}
        mode={mode}
        field={field}
        onEdit={deeds.edit}
        onDone={() => setMode(WRITING)}
      />
    </aside>
  );
}
