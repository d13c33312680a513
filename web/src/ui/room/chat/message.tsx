import { memo, useEffect, useRef, useState } from "react";
import type { ChatEntry } from "../../../call/chat-entries";
import { MoreIcon, ReplyIcon } from "../../kit/icons";
import { fullName, PersonName } from "../../kit/person-name";
import { useTimes } from "../../kit/texts";
import { CallRich, useCallTexts } from "../texts";
import { ChatText } from "./chat-text";
import type { MessageDeeds } from "./message-menu";

interface MessageProps {
  entry: ChatEntry;
  /** The day, where the message is the first of it. */
  day: string | null;
  isFirstUnread: boolean;
  /** Right behind another message of the same person. */
  follows: boolean;
  mine: boolean;
  isLit: boolean;
  isMenuOpen: boolean;
  deeds: MessageDeeds;
  onMenu(entry: ChatEntry, button: Element): void;
  onJump(id: string): void;
}

/** Of many, so each is rendered only when it changes. */
export const Message = memo((props: MessageProps) => {
  const { entry, day, isFirstUnread, follows, mine, isLit, deeds } = props;
  const t = useCallTexts();
  const times = useTimes();
  const article = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isLit) return;
    article.current?.scrollIntoView({ block: "center" });
    article.current?.focus({ preventScroll: true });
  }, [isLit]);
  const look = `${mine ? "mine" : ""} ${entry.delivery} ${isLit ? "lit" : ""}`;
  return (
    <>
      {day && <div className="message-day">{day}</div>}
      {isFirstUnread && <div className="message-new">{t("call.chat.new")}</div>}
      <article
        ref={article}
        className={`message ${look}`}
        tabIndex={-1}
        data-message={entry.message_id}
      >
        {!follows && (
          <header>
            <strong>{mine ? <span>{t("call.chat.you")}</span> : <PersonName {...entry} />}</strong>
            <time dateTime={entry.sent_at}>{times.time(entry.sent_at)}</time>
          </header>
        )}
        <div className="message-line" title={times.moment(entry.sent_at)}>
          <MessageBody {...props} />
          {entry.delivery === "sent" && !entry.deleted_at && <MessageButtons {...props} />}
        </div>
        {entry.edited_at && !entry.deleted_at && (
          <div className="message-note" title={times.moment(entry.edited_at)}>
            {t("call.chat.edited")}
          </div>
        )}
        {entry.delivery === "sending" && <Sending />}
        {entry.delivery === "failed" && (
          <div className="message-failed" role="alert">
            <CallRich
              text="call.chat.notSent"
              again={(text) => (
                <button type="button" className="link bare" onClick={() => deeds.again(entry)}>
                  {text}
                </button>
              )}
            />
          </div>
        )}
      </article>
    </>
  );
});

function MessageBody({ entry, onJump }: MessageProps) {
  const t = useCallTexts();
  const { quote, reply_to } = entry;
  if (entry.deleted_at) return <p className="message-deleted">{t("call.chat.deleted")}</p>;
  return (
    <div className="message-body">
      {quote && reply_to && (
        <button type="button" className="message-quote" onClick={() => onJump(reply_to)}>
          <span className="unseen">{t("call.chat.answers")}</span>
          <strong>
            <PersonName {...quote} />
          </strong>
          <span className="message-quote-text" dir="auto">
            {quote.message || t("call.chat.deleted")}
          </span>
        </button>
      )}
      <p dir="auto">
        <ChatText text={entry.message} />
      </p>
    </div>
  );
}

/** Plain buttons: there are many, and one menu for all of them. */
function MessageButtons({ entry, mine, isMenuOpen, deeds, onMenu }: MessageProps) {
  const t = useCallTexts();
  return (
    <span className="message-buttons">
      <button
        type="button"
        className="message-button"
        tabIndex={-1}
        aria-label={t("call.chat.reply")}
        title={t("call.chat.reply")}
        onClick={() => deeds.reply(entry)}
      >
        <ReplyIcon size={16} />
      </button>
      <button
        type="button"
        className="message-button"
        aria-haspopup="menu"
        aria-expanded={isMenuOpen}
        aria-label={
          mine ? t("call.chat.moreOfYours") : t("call.chat.moreOf", { name: fullName(entry) })
        }
        onClick={(event) => onMenu(entry, event.currentTarget)}
        // A click by a key looks like a screen reader's, for which React Aria moves the focus into the menu later, if at all.
        onKeyDown={(event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          onMenu(entry, event.currentTarget);
        }}
      >
        <MoreIcon size={16} />
      </button>
    </span>
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
