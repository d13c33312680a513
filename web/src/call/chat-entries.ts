import { shortened } from "../length";
import type { MessageDeleted, MessageEdited, StoredMessage } from "../wire.gen";

export interface ChatEntry extends StoredMessage {
  readonly delivery: "sending" | "sent" | "failed";
}

/** Code points of an answered message that its answers show, as the server cuts it. */
export const QUOTED_LENGTH = 200;

/** Merges entries by id, ordered by time of sending; entries that are not stored yet come last. */
export function mergeEntries(
  known: readonly ChatEntry[],
  arrived: readonly ChatEntry[],
): ChatEntry[] {
  const byId = new Map(known.map((entry) => [entry.message_id, entry]));
  for (const entry of arrived) {
    const former = byId.get(entry.message_id);
    if (!former || !isStale(entry, former)) byId.set(entry.message_id, entry);
  }
  const pending = (entry: ChatEntry) => (entry.delivery === "sent" ? 0 : 1);
  return [...byId.values()].sort(
    (a, b) => pending(a) - pending(b) || Date.parse(a.sent_at) - Date.parse(b.sent_at),
  );
}

type Changes = Pick<ChatEntry, "edited_at" | "deleted_at">;

/** A page of the history may have been read before a change that is known already. */
function isStale(arrived: Changes, known: Changes): boolean {
  if (known.deleted_at) return !arrived.deleted_at;
  if (!known.edited_at || arrived.deleted_at) return false;
  return !arrived.edited_at || Date.parse(arrived.edited_at) < Date.parse(known.edited_at);
}

/** Gives a message its new text, which the answers to it quote, too. */
export function withEdit(
  entries: readonly ChatEntry[],
  { message_id, message, edited_at }: Omit<MessageEdited, "room">,
): readonly ChatEntry[] {
  return withText(entries, message_id, message, { edited_at });
}

/** Takes the text of a message away, also from the answers to it. */
export function withDeletion(
  entries: readonly ChatEntry[],
  { message_id, deleted_at }: Omit<MessageDeleted, "room">,
): readonly ChatEntry[] {
  return withText(entries, message_id, "", { deleted_at });
}

function withText(
  entries: readonly ChatEntry[],
  message_id: string,
  message: string,
  when: Changes,
): readonly ChatEntry[] {
  const known = entries.find((entry) => entry.message_id === message_id);
  if (known && isStale(when, known)) return entries;
  return entries.map((entry) => {
    if (entry.message_id === message_id) return { ...entry, ...when, message };
    if (entry.reply_to !== message_id || !entry.quote) return entry;
    return { ...entry, quote: { ...entry.quote, message: shortened(message, QUOTED_LENGTH) } };
  });
}

/** What a message says of the one that it answers. */
export function answerTo(
  answered: ChatEntry | null,
): Pick<ChatEntry, "reply_to" | "quote"> | Record<string, never> {
  if (!answered) return {};
  const { message_id: reply_to, username, displayName, message } = answered;
  return {
    reply_to,
    quote: {
      username,
      ...(displayName && { displayName }),
      message: shortened(message, QUOTED_LENGTH),
    },
  };
}
