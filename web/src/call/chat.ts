import { Store } from "../store";
import type { Acknowledgements, MessagePage, SendChat, StoredMessage } from "../wire.gen";
import { TRANSIENT_CODES } from "./transient-codes";

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
  author: { email: string; username: string; displayName?: string };
  load(before?: string): Promise<MessagePage>;
  send(payload: SendChat): Promise<Acknowledgements["chat-message"]>;
}

/** Makes a random UUID (RFC 9562, version 4); crypto.randomUUID is missing on pages that came over plain http. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Merges entries by id, ordered by time of sending; entries that are not stored yet come last. */
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

/** The most entries that are kept and shown; older ones stay in the history. */
export const MAX_ENTRIES = 1_000;
const AGAIN_MS = 2_000;
/** The most pages of history that are searched for messages missed during an interruption. */
const PAGES_BACK = 20;
/** Codes of refusals after which a message is sent again later. */
const RETRIED_CODES: ReadonlySet<string> = new Set([...TRANSIENT_CODES, "not_in_call"]);

const isFull = ({ entries }: ChatState) => entries.length >= MAX_ENTRIES;

/** The messages of a room, from its history and as they arrive. */
export class Chat {
  readonly state = new Store<ChatState>({ entries: [], more: false, loading: false, unread: 0 });
  /** Ids of messages that the server has not stored yet, in order; one at a time is being sent. */
  #unsent: string[] = [];
  #sending = false;
  #connection: "down" | "up" | "gone" = "down";
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Ids of messages known before an interruption, while messages from it are missing; null otherwise. */
  #knownBefore: ReadonlySet<string> | null = null;
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

  /** Sends waiting messages and fetches missed ones, each time the call is joined. */
  resume(): void {
    this.#connection = "up";
    void this.#deliver();
    void this.#catchUp();
  }

  /** Lets messages wait while the connection is down. */
  pause(): void {
    if (this.#connection === "up") this.#connection = "down";
    clearTimeout(this.#retry);
  }

  close(): void {
    this.#connection = "gone";
    clearTimeout(this.#retry);
    for (const message_id of this.#unsent.splice(0)) this.#mark(message_id, "failed");
  }

  async loadOlder(): Promise<void> {
    const { entries, loading } = this.state.get();
    const oldest = entries.find((entry) => entry.delivery === "sent");
    if (!oldest || loading || entries.length >= MAX_ENTRIES) return;
    const page = await this.#load(oldest.message_id);
    if (page) this.state.update((state) => ({ ...state, more: page.more && !isFull(state) }));
  }

  async send(text: string): Promise<void> {
    const { room, author } = this.options;
    const message_id = randomId();
    this.#merge([
      {
        message_id,
        room,
        ...author,
        message: text,
        sent_at: new Date().toISOString(),
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
    const answer = await this.options.send({ message_id, message: entry.message });
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

  /** Fetches the newest messages, back to one that was known before the interruption. */
  async #catchUp(): Promise<void> {
    const sent = this.state.get().entries.filter(({ delivery }) => delivery === "sent");
    this.#knownBefore ??= new Set(sent.map(({ message_id }) => message_id));
    const knownBefore = this.#knownBefore;
    let before: string | undefined;
    for (let pages = 0; pages < PAGES_BACK && this.#connection === "up"; ) {
      const page = await this.#load(before);
      if (page) {
        pages++;
        if (knownBefore.size === 0) this.state.update((state) => ({ ...state, more: page.more }));
        const met = page.messages.some(({ message_id }) => knownBefore.has(message_id));
        if (knownBefore.size === 0 || met || !page.more) break;
        before = page.messages.at(-1)?.message_id;
      } else {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    // If interrupted again, the next search still goes back to the first interruption.
    if (this.#connection === "up") this.#knownBefore = null;
  }

  async #load(before: string | undefined): Promise<MessagePage | null> {
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
