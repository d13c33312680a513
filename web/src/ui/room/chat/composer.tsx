import {
  type FormEvent,
  type KeyboardEvent,
  type ReactElement,
  type RefObject,
  useEffect,
  useState,
} from "react";
import { TextArea, TextField } from "react-aria-components";
import type { Chat } from "../../../call/chat";
import type { ChatEntry } from "../../../call/chat-entries";
import { textLength } from "../../../length";
import { LIMITS } from "../../../wire.gen";
import { CloseAction } from "../../kit/button";
import { isComposing } from "../../kit/composition";
import { IconAction } from "../../kit/icon-action";
import { CheckIcon, SendIcon } from "../../kit/icons";
import { fullName } from "../../kit/person-name";
import { useSentence } from "../../kit/texts";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";

export type ComposerMode =
  | { readonly kind: "writing" }
  | { readonly kind: "answering"; readonly entry: ChatEntry }
  | { readonly kind: "editing"; readonly entry: ChatEntry };

interface ComposerProps {
  chat: Chat;
  me: string;
  attach: ReactElement | null;
  mode: ComposerMode;
  field: RefObject<HTMLTextAreaElement | null>;
  onEdit(entry: ChatEntry): void;
  onDone(): void;
}

/** Writes, answers and edits messages. The draft outlives an edit, and the panel. */
export function Composer({ chat, me, attach, mode, field, onEdit, onDone }: ComposerProps) {
  const t = useCallTexts();
  const sentence = useSentence();
  const [draft, setDraft] = useState(chat.draft);
  const [edited, setEdited] = useState("");
  const [saving, setSaving] = useState(false);
  const editing = mode.kind === "editing" ? mode.entry : null;
  useEffect(() => setEdited(editing?.message ?? ""), [editing]);
  const text = editing ? edited : draft;
  const length = textLength(text.trim());
  const tooLong = length > LIMITS.chatText;
  const write = (value: string) => {
    if (editing) return setEdited(value);
    chat.draft = value;
    setDraft(value);
  };
  const save = async (entry: ChatEntry) => {
    if (text.trim() === entry.message) return onDone();
    setSaving(true);
    const refused = await chat.edit(entry.message_id, text.trim());
    setSaving(false);
    if (refused) toast(sentence(refused));
    else onDone();
  };
  const submit = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault();
    if (length === 0 || tooLong || saving) return;
    if (editing) return void save(editing);
    void chat.send(text.trim(), mode.kind === "answering" ? mode.entry : null);
    write("");
    onDone();
    // The button that sent it is disabled without a text, and would lose the focus.
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Enter" && !event.shiftKey) submit(event);
    if (event.key === "Escape" && mode.kind !== "writing") onDone();
    if (event.key === "ArrowUp" && text === "" && mode.kind === "writing") {
      const last = lastOwn(chat, me);
      if (!last) return;
      event.preventDefault();
      onEdit(last);
    }
  };
  return (
    <form
      className="panel-foot composer"
      onSubmit={submit}
      aria-label={t("call.chat.form")}
      {...(mode.kind !== "writing" && { "data-keeps-escape": true })}
    >
      {mode.kind !== "writing" && <ModeBar mode={mode} onCancel={onDone} />}
      {mode.kind === "writing" && attach}
      <TextField
        className="field"
        aria-label={editing ? t("call.chat.editField") : t("call.chat.field")}
        value={text}
        onChange={write}
        isInvalid={tooLong}
        onKeyDown={onKeyDown}
        autoFocus
      >
        <TextArea ref={field} placeholder={t("call.chat.placeholder")} rows={1} dir="auto" />
      </TextField>
      <IconAction
        label={editing ? t("call.chat.save") : t("call.chat.send")}
        look="primary"
        type="submit"
        icon={editing ? <CheckIcon /> : <SendIcon />}
        isDisabled={length === 0 || tooLong}
        isPending={saving}
        // The focus stays in the field, so that a phone keeps its keyboard open.
        onMouseDown={(event) => event.preventDefault()}
      />
      {length > LIMITS.chatText - 200 && (
        <span className={tooLong ? "field-error" : "field-hint"} role="status">
          {t("call.chat.length", { length, most: LIMITS.chatText })}
        </span>
      )}
    </form>
  );
}

function ModeBar({
  mode,
  onCancel,
}: {
  mode: Exclude<ComposerMode, { kind: "writing" }>;
  onCancel(): void;
}) {
  const t = useCallTexts();
  const { entry } = mode;
  return (
    <div className="composer-mode" role="status">
      <span className="grow">
        <strong>
          {mode.kind === "editing"
            ? t("call.chat.editing")
            : t("call.chat.answering", { name: fullName(entry) })}
        </strong>
        <span className="composer-mode-text" dir="auto">
          {entry.message}
        </span>
      </span>
      <CloseAction label={t("call.chat.cancel")} onPress={onCancel} />
    </div>
  );
}

/** The last message that one may still edit. */
function lastOwn(chat: Chat, me: string): ChatEntry | undefined {
  return chat.state
    .get()
    .entries.findLast(
      ({ email, delivery, deleted_at }) => email === me && delivery === "sent" && !deleted_at,
    );
}
