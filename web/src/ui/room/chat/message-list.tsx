import { useEffect, useMemo, useRef, useState } from "react";
import type { Chat } from "../../../call/chat";
import type { ChatEntry } from "../../../call/chat-entries";
import {
  earlierEnd,
  endShowing,
  laterEnd,
  shownRange,
  type WindowEnd,
} from "../../../call/chat-window";
import { useStore } from "../../app/services";
import { Action } from "../../kit/button";
import { ChevronIcon } from "../../kit/icons";
import { useTimes } from "../../kit/texts";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";
import { Message } from "./message";
import { type MessageDeeds, MessageMenu } from "./message-menu";
import { useKeptScroll } from "./use-kept-scroll";

interface MessageListProps {
  chat: Chat;
  me: string;
  isCreator: boolean;
  deeds: MessageDeeds;
}

const CLOSE_MS = 5 * 60 * 1000;
const LIT_MS = 2_000;

export function MessageList({ chat, me, isCreator, deeds }: MessageListProps) {
  const t = useCallTexts();
  const times = useTimes();
  const { entries, more, loading, firstUnread } = useStore(chat.state);
  const [end, setEnd] = useState<WindowEnd>(null);
  const { from, to } = shownRange(entries, end);
  const shown = useMemo(() => entries.slice(from, to), [entries, from, to]);
  const isNewest = to === entries.length;
  const [menuFor, setMenuFor] = useState<{ entry: ChatEntry; button: Element } | null>(null);
  const { jumpTo, lit } = useJump(chat, setEnd);
  const { box, atEnd, toEnd } = useKeptScroll(shown, {
    isNewest,
    onTop: () => {
      if (from > 0) setEnd((now) => earlierEnd(entries, now));
      else if (more && !loading) void chat.loadOlder();
    },
    onBottom: () => !isNewest && setEnd((now) => laterEnd(entries, now)),
  });
  const onMenu = useRef((entry: ChatEntry, button: Element) => setMenuFor({ entry, button }));
  return (
    <div className="messages-frame">
      <div
        className="panel-body messages"
        ref={box}
        role="log"
        aria-label={t("call.chat.messages")}
      >
        {from === 0 && more && (
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
        {shown.map((entry, index) => {
          const before = shown[index - 1];
          const day = times.day(entry.sent_at);
          const newDay = !before || times.day(before.sent_at) !== day;
          const isFirstUnread = entry.message_id === firstUnread;
          return (
            <Message
              key={entry.message_id}
              entry={entry}
              day={newDay ? day : null}
              isFirstUnread={isFirstUnread}
              follows={!newDay && !isFirstUnread && isClose(before, entry)}
              mine={entry.email === me}
              isLit={lit === entry.message_id}
              isMenuOpen={menuFor?.entry.message_id === entry.message_id}
              deeds={deeds}
              onMenu={onMenu.current}
              onJump={jumpTo}
            />
          );
        })}
      </div>
      {!(atEnd && isNewest) && (
        <button
          type="button"
          className="button secondary compact to-end"
          onClick={() => {
            setEnd(null);
            toEnd();
          }}
        >
          <ChevronIcon size={16} />
          <span>{t("call.chat.toEnd")}</span>
        </button>
      )}
      <MessageMenu
        opened={menuFor}
        me={me}
        isCreator={isCreator}
        deeds={deeds}
        onClose={() => setMenuFor(null)}
      />
    </div>
  );
}

/** Written by the same person soon after: the name is not repeated. */
function isClose(before: ChatEntry, entry: ChatEntry): boolean {
  return (
    before.email === entry.email &&
    Date.parse(entry.sent_at) - Date.parse(before.sent_at) < CLOSE_MS
  );
}

/** Goes to an answered message, which is fetched where it is further up, and lights it for a moment. */
function useJump(chat: Chat, setEnd: (change: (now: WindowEnd) => WindowEnd) => void) {
  const t = useCallTexts();
  const [lit, setLit] = useState<string | null>(null);
  const jumpTo = useRef((_id: string) => {});
  jumpTo.current = async (id: string) => {
    if (!(await chat.loadBackTo(id))) return toast(t("call.chat.tooFar"));
    setEnd((now) => endShowing(chat.state.get().entries, now, id));
    setLit(id);
  };
  useEffect(() => {
    if (lit === null) return;
    const timer = setTimeout(() => setLit(null), LIT_MS);
    return () => clearTimeout(timer);
  }, [lit]);
  const stable = useRef((id: string) => jumpTo.current(id));
  return { jumpTo: stable.current, lit };
}
