import { Store } from "../store";
import type {
  Acknowledgements,
  EditMessage,
  MessageDeleted,
  MessageEdited,
  MessagePage,
  RemoveMessage,
  SendChat,
  StoredMessage,
} from "../wire.gen";
import { answerTo, type ChatEntry, mergeEntries, withDeletion, withEdit } from "./chat-entries";
import { randomId } from "./random-id";
import { TRANSIENT_CODES } from "./transient-codes";

export interface ChatState {
  /** Oldest first. */
  readonly entries: readonly ChatEntry[];
  readonly more: boolean;
  readonly loading: boolean;
  readonly unread: number;
  /** The first message that came while nobody read, until the chat is closed; null where there is none. */
  readonly firstUnread: string | null;
}

type Changed = Acknowledgements["edit-message"];
export type ChatRefusal = Extract<Changed, { ok: false }>;

export interface ChatOptions {
  room: string;
  author: { email: string; username: string; displayName?: string };
  load(before?: string): Promise<MessagePage>;
  send(payload: SendChat): Promise<Acknowledgements["chat-message"]>;
  edit(payload: EditMessage): Promise<Changed>;
  /** Deletes a message: one's own, or as the room's creator anybody's. */
  delete(payload: RemoveMessage, whose: "own" | "other"): Promise<Changed>;
}

/** The most entries that are kept and shown; older ones stay in the history. */
export const MAX_ENTRIES = 1_000;
const AGAIN_MS = 2_000;
/** The most pages of history that are searched for one message, or for what was missed in an interruption. */
const PAGES_BACK = 20;
/** Known messages that are fetched again after an interruption, since they may have been changed in it. */
const FETCHED_AGAIN = 200;
/** Codes of refusals after which a message is sent again later. */
const RETRIED_CODES: ReadonlySet<string> = new Set([...TRANSIENT_CODES, "not_in_call"]);

const isFull = ({ entries }: ChatState) => entries.length >= MAX_ENTRIES;

/** The messages of a room, from its history and as they arrive. */
export class Chat {
  readonly state = new Store<ChatState>({
    entries: [],
    more: false,
    loading: false,
    unread: 0,
    firstUnread: null,
  });
  /** What is written and not sent yet, while the chat is closed. */
  draft = "";
  /** Ids of messages that the server has not stored yet, in order; one at a time is being sent. */
  #unsent: string[] = [];
  #sending = false;
  #connection: "down" | "up" | "gone" = "down";
  #retry: ReturnType<typeof setTimeout> | undefined;
  /**
   * While messages from an interruption are missing: the id of the message down to which the history is fetched
   * again, null where none was known. Undefined otherwise.
   */
  #fetchedTo: string | null | undefined;
  #open = false;
  /** Until the history is fetched; undefined where it need not wait. */
  #historyDue: ReturnType<typeof setTimeout> | undefined;
  /** The older page that is on its way. */
  #older: Promise<void> | null = null;
  /** Any page of the history that is on its way. */
  #page: Promise<MessagePage | null> | null = null;

  constructor(private readonly options: ChatOptions) {}

  receive(message: StoredMessage): void {
    const known = this.state.get().entries.some((entry) => entry.message_id === message.message_id);
    this.#merge([{ ...message, delivery: "sent" }]);
    if (!known && !this.#open) {
      this.state.update((state) => ({
        ...state,
        unread: state.unread + 1,
        firstUnread: state.firstUnread ?? message.message_id,
      }));
    }
  }

  receiveEdit(edited: MessageEdited): void {
    this.state.update((state) => ({ ...state, entries: withEdit(state.entries, edited) }));
  }

  receiveDeletion(deleted: MessageDeleted): void {
    this.state.update((state) => ({ ...state, entries: withDeletion(state.entries, deleted) }));
  }

  /** Says whether somebody reads: the chat is open, in a tab that is seen. */
  setOpen(open: boolean): void {
    const closes = this.#open && !open;
    this.#open = open;
    if (open && this.#historyDue !== undefined) this.#fetchHistory();
    this.state.update((state) => ({
      ...state,
      unread: open ? 0 : state.unread,
      firstUnread: closes ? null : state.firstUnread,
    }));
  }

  /**
   * Sends waiting messages and fetches missed ones, each time the call is joined. What is missed can wait for a while,
   * unless the chat is open.
   */
  resume(historyAfterMs = 0): void {
    this.#connection = "up";
    this.#noteInterruption();
    void this.#deliver();
    this.#forgetHistoryDue();
    if (historyAfterMs === 0 || this.#open) this.#fetchHistory();
    else this.#historyDue = setTimeout(() => this.#fetchHistory(), historyAfterMs);
  }

  #fetchHistory(): void {
    this.#forgetHistoryDue();
    this.#noteInterruption();
    void this.#catchUp();
  }

  #forgetHistoryDue(): void {
    clearTimeout(this.#historyDue);
    this.#historyDue = undefined;
  }

  /** Lets messages wait while the connection is down. */
  pause(): void {
    if (this.#connection === "up") this.#connection = "down";
    clearTimeout(this.#retry);
    this.#forgetHistoryDue();
  }

  close(): void {
    this.#connection = "gone";
    clearTimeout(this.#retry);
    this.#forgetHistoryDue();
    for (const message_id of this.#unsent.splice(0)) this.#mark(message_id, "failed");
  }

  loadOlder(): Promise<void> {
    this.#older ??= this.#loadOlder().finally(() => {
      this.#older = null;
    });
    return this.#older;
  }

  async #loadOlder(): Promise<void> {
    await this.#whenLoaded();
    const { entries } = this.state.get();
    const oldest = entries.find((entry) => entry.delivery === "sent");
    if (!oldest || entries.length >= MAX_ENTRIES) return;
    const page = await this.#load(oldest.message_id);
    if (page) this.state.update((state) => ({ ...state, more: page.more && !isFull(state) }));
  }

  /** Loads older pages until a message is known. False where it is too far back, or cannot be loaded. */
  async loadBackTo(message_id: string): Promise<boolean> {
    for (let pages = 0; pages < PAGES_BACK; pages++) {
      if (this.#entry(message_id)) return true;
      await this.#whenLoaded();
      const { entries, more } = this.state.get();
      if (this.#entry(message_id)) return true;
      if (!more) return false;
      await this.loadOlder();
      if (this.state.get().entries.length === entries.length) return false;
    }
    return this.#entry(message_id) !== undefined;
  }

  /** Replaces the text of one's own message. Returns why that was refused, null where it was not. */
  async edit(message_id: string, message: string): Promise<ChatRefusal | null> {
    return this.#changed(await this.options.edit({ message_id, message }));
  }

  /** Deletes a message, one's own or as the room's creator. Returns why that was refused, null where it was not. */
  async delete(entry: ChatEntry): Promise<ChatRefusal | null> {
    const { message_id, email } = entry;
    const whose = email === this.options.author.email ? "own" : "other";
    return this.#changed(await this.options.delete({ message_id }, whose));
  }

  #changed(answer: Changed): ChatRefusal | null {
    if (!answer.ok) return answer;
    const { message_id, message, deleted_at, edited_at } = answer.message;
    this.state.update((state) => ({
      ...state,
      entries: deleted_at
        ? withDeletion(state.entries, { message_id, deleted_at })
        : withEdit(state.entries, { message_id, message, edited_at: edited_at ?? "" }),
    }));
    return null;
  }

  async send(text: string, answered: ChatEntry | null = null): Promise<void> {
    const { room, author } = this.options;
    this.state.update((state) => ({ ...state, firstUnread: null }));
    const message_id = randomId();
    this.#merge([
      {
        message_id,
        room,
        ...author,
        message: text,
        sent_at: new Date().toISOString(),
        ...answerTo(answered),
        delivery: "sending",
      },
    ]);
    await this.#post(message_id);
  }

  async sendAgain(message_id: string): Promise<void> {
    if (this.#entry(message_id)?.delivery !== "failed") return;
    this.#mark(message_id, "sending");
    await this.#post(message_id);
  }

  async #post(message_id: string): Promise<void> {
    if (this.#connection === "gone") return this.#mark(message_id, "failed");
    this.#unsent.push(message_id);
    await this.#deliver();
  }

  async #deliver(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    let [next] = this.#unsent;
    while (next !== undefined && this.#connection === "up" && (await this.#deliverOne(next))) {
      [next] = this.#unsent;
    }
    this.#sending = false;
  }

  /** Sends a message; false where it has to be sent again later. */
  async #deliverOne(message_id: string): Promise<boolean> {
    const entry = this.#entry(message_id);
    if (!entry) throw new Error("Not in the chat, but unsent");
    const { message, reply_to } = entry;
    const answer = await this.options.send({ message_id, message, ...(reply_to && { reply_to }) });
    if (!answer.ok && RETRIED_CODES.has(answer.code)) {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => void this.#deliver(), AGAIN_MS);
      return false;
    }
    this.#unsent = this.#unsent.filter((waiting) => waiting !== message_id);
    if (answer.ok) this.#merge([{ ...entry, ...answer.message, delivery: "sent" }]);
    else this.#mark(message_id, "failed");
    return true;
  }

  /** Runs before new messages arrive: they are no sign that the history was fetched before. */
  #noteInterruption(): void {
    if (this.#fetchedTo !== undefined) return;
    const sent = this.state.get().entries.filter(({ delivery }) => delivery === "sent");
    this.#fetchedTo = sent.slice(-FETCHED_AGAIN)[0]?.message_id ?? null;
  }

  /** Fetches the newest messages, and again those known before the interruption, which may have been changed. */
  async #catchUp(): Promise<void> {
    const fetchedTo = this.#fetchedTo;
    let before: string | undefined;
    for (let pages = 0; pages < PAGES_BACK && this.#connection === "up"; ) {
      const page = await this.#load(before);
      if (page) {
        pages++;
        if (fetchedTo === null) this.state.update((state) => ({ ...state, more: page.more }));
        const met = page.messages.some(({ message_id }) => message_id === fetchedTo);
        if (fetchedTo === null || met || !page.more) break;
        before = page.messages.at(-1)?.message_id;
      } else {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    // If interrupted again, the next search still goes back to the first interruption.
    if (this.#connection === "up") this.#fetchedTo = undefined;
  }

  /** Waits while pages are on their way: what is looked for may be on one of them. */
  async #whenLoaded(): Promise<void> {
    while (this.#page) await this.#page;
  }

  #load(before: string | undefined): Promise<MessagePage | null> {
    const page = this.#fetch(before).finally(() => {
      if (this.#page === page) this.#page = null;
    });
    this.#page = page;
    return page;
  }

  async #fetch(before: string | undefined): Promise<MessagePage | null> {
    this.state.update((state) => ({ ...state, loading: true }));
    try {
      const page = await this.options.load(before);
      this.#merge(page.messages.map((message) => ({ ...message, delivery: "sent" })));
      return page;
    } catch (error) {
      console.warn("Chat history", error);
      return null;
    } finally {
      this.state.update((state) => ({ ...state, loading: false }));
    }
  }

  #entry(message_id: string): ChatEntry | undefined {
    return this.state.get().entries.find((entry) => entry.message_id === message_id);
  }

  #mark(message_id: string, delivery: ChatEntry["delivery"]): void {
    const entry = this.#entry(message_id);
    if (entry) this.#merge([{ ...entry, delivery }]);
  }

  #merge(arrived: readonly ChatEntry[]): void {
    this.state.update((state) => {
      const merged = mergeEntries(state.entries, arrived);
      const entries = merged.slice(-MAX_ENTRIES);
      return { ...state, entries, more: state.more && entries.length < MAX_ENTRIES };
    });
  }
}
