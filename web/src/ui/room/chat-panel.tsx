import {
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { TextArea, TextField } from "react-aria-components";
import type { Chat, ChatEntry } from "../../call/chat";
import { textLength } from "../../length";
import { LIMITS } from "../../wire.gen";
import { useStore } from "../app/services";
import { Action, CloseAction, IconAction } from "../kit/button";
import { isComposing } from "../kit/composition";
import { SendIcon } from "../kit/icons";
import { PersonName } from "../kit/person-name";
import { useTimes } from "../kit/texts";
import { ChatText } from "./chat-text";
import { CallRich, useCallTexts } from "./texts";

interface ChatPanelProps {
  chat: Chat;
  me: string;
  onClose(): void;
}

export function ChatPanel({ chat, me, onClose }: ChatPanelProps) {
  const t = useCallTexts();
  return (
    <aside className="panel" aria-label={t("call.chat.title")}>
      <header className="panel-head">
        <h2>{t("call.chat.title")}</h2>
        <CloseAction label={t("call.chat.close")} onPress={onClose} />
      </header>
      <Messages chat={chat} me={me} />
      <Writing chat={chat} />
    </aside>
  );
}

function Messages({ chat, me }: { chat: Chat; me: string }) {
  const t = useCallTexts();
  const { entries, more, loading } = useStore(chat.state);
  const ref = useScrolledToEnd(entries);
  return (
    <div className="panel-body messages" ref={ref} role="log" aria-label={t("call.chat.messages")}>
      {more && (
        <Action
          look="quiet"
          className="compact older"
          isPending={loading}
          onPress={() => void chat.loadOlder()}
        >
          {t("call.chat.older")}
        </Action>
      )}
      {entries.length === 0 && !loading && (
        <p className="soft messages-empty">{t("call.chat.empty")}</p>
      )}
      {entries.map((entry, index) => (
        <Message
          key={entry.message_id}
          entry={entry}
          before={entries[index - 1]}
          mine={entry.email === me}
          onAgain={() => void chat.sendAgain(entry.message_id)}
        />
      ))}
    </div>
  );
}

/** Keeps the list scrolled to the end while messages arrive, unless the reader has scrolled up. */
function useScrolledToEnd(entries: readonly ChatEntry[]) {
  const ref = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const bottom = useRef(0);
  const first = useRef(entries[0]);
  useEffect(() => {
    const box = ref.current;
    const note = () => {
      if (!box) return;
      bottom.current = box.scrollHeight - box.scrollTop;
      atEnd.current = bottom.current - box.clientHeight < 40;
    };
    box?.addEventListener("scroll", note, { passive: true });
    return () => box?.removeEventListener("scroll", note);
  }, []);
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    const older = first.current !== undefined && first.current !== entries[0];
    first.current = entries[0];
    if (older) box.scrollTop = box.scrollHeight - bottom.current;
    else if (atEnd.current || entries.at(-1)?.delivery === "sending")
      box.scrollTop = box.scrollHeight;
  }, [entries]);
  return ref;
}

const CLOSE_MS = 5 * 60 * 1000;

interface MessageProps {
  entry: ChatEntry;
  before: ChatEntry | undefined;
  mine: boolean;
  onAgain(): void;
}

function Message({ entry, before, mine, onAgain }: MessageProps) {
  const t = useCallTexts();
  const times = useTimes();
  const day = times.day(entry.sent_at);
  const newDay = !before || times.day(before.sent_at) !== day;
  const follows =
    !newDay &&
    before.email === entry.email &&
    Date.parse(entry.sent_at) - Date.parse(before.sent_at) < CLOSE_MS;
  return (
    <>
      {newDay && <div className="message-day">{day}</div>}
      <article className={`message ${mine ? "mine" : ""} ${entry.delivery}`}>
        {!follows && (
          <header>
            <strong>{mine ? <span>{t("call.chat.you")}</span> : <PersonName {...entry} />}</strong>
            <time dateTime={entry.sent_at}>{times.time(entry.sent_at)}</time>
          </header>
        )}
        <p dir="auto">
          <ChatText text={entry.message} />
        </p>
        {entry.delivery === "sending" && <Sending />}
        {entry.delivery === "failed" && (
          <div className="message-failed" role="alert">
            <CallRich
              text="call.chat.notSent"
              again={(text) => (
                <button type="button" className="link bare" onClick={onAgain}>
                  {text}
                </button>
              )}
            />
          </div>
        )}
      </article>
    </>
  );
}

const NOTICED_MS = 600;

/** Delay before "Sending…" is shown: most messages are sent sooner. */
function Sending() {
  const t = useCallTexts();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), NOTICED_MS);
    return () => clearTimeout(timer);
  }, []);
  return shown && <div className="message-sending">{t("call.chat.sending")}</div>;
}

function Writing({ chat }: { chat: Chat }) {
  const t = useCallTexts();
  const [text, setText] = useState("");
  const length = textLength(text.trim());
  const tooLong = length > LIMITS.chatText;
  const send = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault();
    if (length === 0 || tooLong) return;
    void chat.send(text.trim());
    setText("");
  };
  return (
    <form className="panel-foot writing" onSubmit={send} aria-label={t("call.chat.form")}>
      <TextField
        className="field"
        aria-label={t("call.chat.field")}
        value={text}
        onChange={setText}
        isInvalid={tooLong}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) send(event);
        }}
        autoFocus
      >
        <TextArea placeholder={t("call.chat.placeholder")} rows={1} />
      </TextField>
      <IconAction
        label={t("call.chat.send")}
        look="primary"
        type="submit"
        icon={<SendIcon />}
        isDisabled={length === 0 || tooLong}
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
