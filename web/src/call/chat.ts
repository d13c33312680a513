import { Store } from "../store";
import type { Acknowledgements, MessagePage, SendChat, StoredMessage } from "../wire.gen";

export interface ChatEntry extends StoredMessage {
  readonly delivery: "sending" | "sent" | "failed";
}

export interface ChatState {
  /** Oldest first. */
  readonly entries: readonly ChatEntry[];
  readonly more: boolean;
  readonly loading: boolean;
  readonly unread: number;
}

export interface ChatOptions {
  room: string;
  author: { email: string; username: string };
  load(before?: string): Promise<MessagePage>;
  send(payload: SendChat): Promise<Acknowledgements["chat-message"]>;
}

/** Works where crypto.randomUUID does not: on pages that came over plain http. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** One entry for each id, in the order of sending; what is still under way comes last. */
export function mergeEntries(
  known: readonly ChatEntry[],
  arrived: readonly ChatEntry[],
): ChatEntry[] {
  const byId = new Map(known.map((entry) => [entry.message_id, entry]));
  for (const entry of arrived) byId.set(entry.message_id, entry);
  const pending = (entry: ChatEntry) => (entry.delivery === "sent" ? 0 : 1);
  return [...byId.values()].sort(
    (a, b) => pending(a) - pending(b) || Date.parse(a.sent_at) - Date.parse(b.sent_at),
  );
}

/** What was written in a room, from its history and live. */
export class Chat {
  readonly state = new Store<ChatState>({ entries: [], more: false, loading: false, unread: 0 });
  #open = false;

  constructor(private readonly options: ChatOptions) {}

  receive(message: StoredMessage): void {
    const known = this.state.get().entries.some((entry) => entry.message_id === message.message_id);
    this.#merge([{ ...message, delivery: "sent" }]);
    if (!known && !this.#open) {
      this.state.update((state) => ({ ...state, unread: state.unread + 1 }));
    }
  }

  setOpen(open: boolean): void {
    this.#open = open;
    if (open) this.state.update((state) => ({ ...state, unread: 0 }));
  }

  /** The newest page; after an interruption too, since messages may have been missed. */
  async loadNewest(): Promise<void> {
    const had = this.state.get().entries.length > 0;
    await this.#load(undefined, (page) => (had ? this.state.get().more : page.more));
  }

  async loadOlder(): Promise<void> {
    const oldest = this.state.get().entries.find((entry) => entry.delivery === "sent");
    if (oldest) await this.#load(oldest.message_id, (page) => page.more);
  }

  async send(text: string): Promise<void> {
    const { room, author } = this.options;
    await this.#deliver({
      message_id: randomId(),
      room,
      ...author,
      message: text,
      sent_at: new Date().toISOString(),
      delivery: "sending",
    });
  }

  async sendAgain(message_id: string): Promise<void> {
    const entry = this.state.get().entries.find((one) => one.message_id === message_id);
    if (entry) await this.#deliver({ ...entry, delivery: "sending" });
  }

  async #deliver(entry: ChatEntry): Promise<void> {
    this.#merge([entry]);
    const { message_id, message } = entry;
    const answer = await this.options.send({ message_id, message });
    if (answer.ok) this.#merge([{ ...entry, ...answer.message, delivery: "sent" }]);
    else this.#merge([{ ...entry, delivery: "failed" }]);
  }

  async #load(before: string | undefined, more: (page: MessagePage) => boolean): Promise<void> {
    if (this.state.get().loading) return;
    this.state.update((state) => ({ ...state, loading: true }));
    try {
      const page = await this.options.load(before);
      this.#merge(page.messages.map((message) => ({ ...message, delivery: "sent" })));
      this.state.update((state) => ({ ...state, more: more(page) }));
    } catch (error) {
      console.warn("Chat history", error);
    } finally {
      this.state.update((state) => ({ ...state, loading: false }));
    }
  }

  #merge(arrived: readonly ChatEntry[]): void {
    this.state.update((state) => ({ ...state, entries: mergeEntries(state.entries, arrived) }));
  }
}
