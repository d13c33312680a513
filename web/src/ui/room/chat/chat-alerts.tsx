import { useEffect, useRef } from "react";
import type { Chat } from "../../../call/chat";
import type { Files } from "../../../call/files/files";
import { shortened } from "../../../length";
import { useStore } from "../../app/services";
import { fullName } from "../../kit/person-name";
import { toast } from "../../kit/toast";
import { CHIME } from "../call-chunks";
import { useCallTexts } from "../texts";
import { alertSettings } from "./alert-settings";

const MOST_SHOWN = 200;

interface ChatAlertsProps {
  chat: Chat;
  files: Files;
  room: string;
  isOpen: boolean;
}

/** Counts unread messages in the title, and tells of them while the tab is hidden. */
export function ChatAlerts({ chat, files, room, isOpen }: ChatAlertsProps) {
  const t = useCallTexts();
  const { entries, unread } = useStore(chat.state);
  useReading(chat, isOpen);
  useFileToasts(files, isOpen);
  useUnreadTitle(unread);
  const told = useRef(unread);
  useEffect(() => {
    const last = entries.at(-1);
    const isNew = unread > told.current;
    told.current = unread;
    if (!isNew || !last || document.visibilityState === "visible") return;
    const { sound, notification } = alertSettings.get();
    if (sound) void ring();
    if (!notification) return;
    const title = t("call.chat.notification", { name: fullName(last), room });
    return notify(title, shortened(last.message, MOST_SHOWN), room);
  }, [entries, unread, room, t]);
  return null;
}

async function ring(): Promise<void> {
  try {
    const chime = await CHIME.load();
    chime();
  } catch (error) {
    console.warn("The sound of a message", error);
  }
}

/** A message is read where the chat is open in a tab that is seen. */
function useReading(chat: Chat, isOpen: boolean): void {
  useEffect(() => {
    const follow = () => chat.setOpen(isOpen && document.visibilityState === "visible");
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => document.removeEventListener("visibilitychange", follow);
  }, [chat, isOpen]);
}

/** Says that somebody offers a file, while the chat is closed. */
function useFileToasts(files: Files, isOpen: boolean): void {
  const t = useCallTexts();
  const cards = useStore(files.cards);
  const known = useRef(new Set<string>());
  useEffect(() => {
    for (const { key, from, facts } of cards) {
      if (known.current.has(key)) continue;
      known.current.add(key);
      if (from && !isOpen) toast(t("call.files.came", { name: fullName(from), file: facts.name }));
    }
  }, [cards, isOpen, t]);
}

const COUNT = /^\(\d+\+?\) /;

function useUnreadTitle(unread: number): void {
  useEffect(() => {
    const title = document.title.replace(COUNT, "");
    document.title = unread > 0 ? `(${unread > 99 ? "99+" : unread}) ${title}` : title;
    return () => {
      document.title = document.title.replace(COUNT, "");
    };
  }, [unread]);
}

/** One notification for a room: the next message replaces it. Phones allow them to service workers alone. */
function notify(title: string, body: string, room: string): void {
  try {
    const shown = new Notification(title, { body, tag: `parlour ${room}` });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch (error) {
    console.warn("A notification", error);
  }
}
