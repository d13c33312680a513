import { afterEach, describe, expect, it, vi } from "vitest";
import type { Acknowledgements, MessagePage, SendChat, StoredMessage } from "../wire.gen";
import { Chat, type ChatOptions } from "./chat";
import { type ChatEntry, mergeEntries } from "./chat-entries";

function message(id: string, second: number): StoredMessage {
  const sent_at = new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
  return { message_id: id, room: "Garden", username: "bob", email: "bob@x", message: id, sent_at };
}

const sent = (id: string, second: number): ChatEntry => ({
  ...message(id, second),
  delivery: "sent",
});

const author = { email: "ann@x", username: "ann" };

type Answer = Acknowledgements["chat-message"];

const REFUSED: Answer = { ok: false, code: "message_too_long", message: "" };
const NO_ANSWER: Answer = { ok: false, code: "no_answer", message: "" };

interface ChatParts {
  send?: (payload: SendChat) => Promise<Answer>;
  edit?: ChatOptions["edit"];
  delete?: ChatOptions["delete"];
  load?: ChatOptions["load"];
  pages?: MessagePage[];
}

/** In the room, unless it says otherwise. */
function chat({ inside = true, ...options }: ChatParts & { inside?: boolean } = {}) {
  const pages = options.pages ?? [];
  const subject = new Chat({
    room: "Garden",
    author,
    load: options.load ?? (async () => pages.shift() ?? { messages: [], more: false }),
    send: options.send ?? (async () => REFUSED),
    edit: options.edit ?? (async () => REFUSED),
    delete: options.delete ?? (async () => REFUSED),
  });
  if (inside) subject.resume();
  return subject;
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const stored = ({ message, message_id }: SendChat): Answer => ({
  ok: true,
  message: { ...sampleOf(message_id ?? ""), message },
});
const sampleOf = (id: string): StoredMessage => ({ ...message(id, 5), ...author });

const deliveries = (subject: Chat) => subject.state.get().entries.map((entry) => entry.delivery);
const ids = (subject: Chat) => subject.state.get().entries.map((entry) => entry.message_id);

describe("mergeEntries", () => {
  it("shows a message once, in the order of sending", () => {
    const merged = mergeEntries([sent("b", 2)], [sent("a", 1), sent("b", 2), sent("c", 3)]);
    expect(merged.map((entry) => entry.message_id)).toEqual(["a", "b", "c"]);
  });

  it("puts what is under way last, whatever this computer's clock says", () => {
    const merged = mergeEntries([{ ...sent("mine", 1), delivery: "sending" }], [sent("other", 9)]);
    expect(merged.map((entry) => entry.message_id)).toEqual(["other", "mine"]);
  });
});

describe("Chat", () => {
  it("counts as unread what comes while it is closed, once", () => {
    const subject = chat();
    subject.receive(message("a", 1));
    subject.receive(message("a", 1));
    expect(subject.state.get().unread).toBe(1);
    subject.setOpen(true);
    subject.receive(message("b", 2));
    expect(subject.state.get().unread).toBe(0);
  });

  it("replaces its own message by what the server stored", async () => {
    const subject = chat({ send: async (payload) => stored(payload) });
    await subject.send("hello");
    const [entry] = subject.state.get().entries;
    expect(subject.state.get().entries).toHaveLength(1);
    expect(entry).toMatchObject({ delivery: "sent", message: "hello", email: "ann@x" });
  });

  it("sends in the order of writing what was written without a line, each once", async () => {
    const sent: string[] = [];
    const answers: Answer[] = [NO_ANSWER];
    const subject = chat({
      inside: false,
      send: async (payload) => {
        sent.push(payload.message);
        return answers.shift() ?? stored(payload);
      },
    });
    for (const text of ["one", "two", "three"]) await subject.send(text);
    expect(sent).toEqual([]);
    expect(deliveries(subject)).toEqual(["sending", "sending", "sending"]);
    subject.resume();
    await settled();
    subject.pause();
    expect(sent).toEqual(["one"]);
    subject.resume();
    await settled();
    expect(sent).toEqual(["one", "one", "two", "three"]);
    expect(deliveries(subject)).toEqual(["sent", "sent", "sent"]);
  });

  it("gives up what waits when one leaves", async () => {
    const subject = chat({ inside: false });
    await subject.send("hello");
    subject.close();
    expect(deliveries(subject)).toEqual(["failed"]);
  });

  it("fetches all that was missed, back to what it had", async () => {
    const page = (...seconds: number[]): MessagePage => ({
      messages: seconds.map((second) => message(`m${second}`, second)),
      more: true,
    });
    const subject = chat({ pages: [page(2, 1), page(8, 7), page(6, 5), page(4, 3, 2)] });
    await settled();
    subject.pause();
    subject.resume();
    await settled();
    expect(ids(subject)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((second) => `m${second}`));
    expect(subject.state.get().more).toBe(true);
  });

  it("keeps what was refused, to be sent again under the same id", async () => {
    const subject = chat();
    await subject.send("hello");
    const [entry] = subject.state.get().entries;
    expect(entry?.delivery).toBe("failed");
    await subject.sendAgain(entry?.message_id ?? "");
    expect(ids(subject)).toEqual([entry?.message_id]);
  });

  it("fetches again what it had, since it may have been changed meanwhile", async () => {
    const edited = {
      ...message("b", 2),
      message: "changed",
      edited_at: "2026-01-01T13:00:00.000Z",
    };
    const subject = chat({
      pages: [
        { messages: [message("b", 2), message("a", 1)], more: false },
        { messages: [message("c", 3)], more: true },
        { messages: [edited, message("a", 1)], more: false },
      ],
    });
    await settled();
    subject.pause();
    subject.resume();
    await settled();
    expect(subject.state.get().entries.map((entry) => entry.message)).toEqual([
      "a",
      "changed",
      "c",
    ]);
  });

  it("says where unread messages begin, until the chat is closed or one answers", async () => {
    const subject = chat({ send: async (payload) => stored(payload) });
    const firstUnread = () => subject.state.get().firstUnread;
    subject.receive(message("a", 1));
    subject.receive(message("b", 2));
    subject.setOpen(true);
    expect(firstUnread()).toBe("a");
    subject.setOpen(false);
    expect(firstUnread()).toBeNull();
    subject.receive(message("c", 3));
    subject.setOpen(true);
    await subject.send("hello");
    expect(firstUnread()).toBeNull();
  });

  it("sends what an answer answers, and quotes it at once", async () => {
    const payloads: SendChat[] = [];
    const subject = chat({
      send: async (payload) => {
        payloads.push(payload);
        return NO_ANSWER;
      },
    });
    await subject.send("me too", sent("a", 1));
    expect(payloads).toMatchObject([{ message: "me too", reply_to: "a" }]);
    const quote = { username: "bob", message: "a" };
    expect(subject.state.get().entries.at(-1)).toMatchObject({ reply_to: "a", quote });
  });

  it("shows an edit once it is stored, and says why one is refused", async () => {
    const answers: Answer[] = [
      {
        ok: true,
        message: { ...message("a", 1), message: "A", edited_at: "2026-01-01T13:00:00Z" },
      },
      NO_ANSWER,
    ];
    const subject = chat({ edit: async () => answers.shift() ?? REFUSED });
    subject.receive(message("a", 1));
    expect(await subject.edit("a", "A")).toBeNull();
    expect(await subject.edit("a", "B")).toEqual(NO_ANSWER);
    expect(subject.state.get().entries).toMatchObject([{ message: "A" }]);
  });

  it("deletes its own messages, and removes those of others", async () => {
    const deleted: string[] = [];
    const subject = chat({
      delete: async ({ message_id }, whose) => {
        deleted.push(`${whose} ${message_id}`);
        const deleted_at = "2026-01-01T13:00:00Z";
        return { ok: true, message: { ...message(message_id, 1), message: "", deleted_at } };
      },
    });
    subject.receive(message("his", 1));
    subject.receive({ ...message("mine", 2), ...author });
    for (const entry of subject.state.get().entries) await subject.delete(entry);
    expect(deleted).toEqual(["other his", "own mine"]);
    expect(subject.state.get().entries.map((entry) => entry.message)).toEqual(["", ""]);
  });

  it("loads back to a message that is answered, and gives up where the history ends", async () => {
    const page = (second: number, more: boolean): MessagePage => ({
      messages: [message(`m${second}`, second)],
      more,
    });
    const subject = chat({ pages: [page(4, true), page(3, true), page(2, true), page(1, false)] });
    await settled();
    expect(await subject.loadBackTo("m2")).toBe(true);
    expect(ids(subject)).toEqual(["m2", "m3", "m4"]);
    expect(await subject.loadBackTo("unknown")).toBe(false);
    expect(ids(subject)).toEqual(["m1", "m2", "m3", "m4"]);
  });

  it("waits for a page that is on its way before it looks further back", async () => {
    const page = (second: number, more: boolean): MessagePage => ({
      messages: [message(`m${second}`, second)],
      more,
    });
    const pages = [page(4, true), page(3, true), page(2, false)];
    const arrivals: (() => void)[] = [];
    const subject = chat({
      load: () =>
        new Promise((resolve) => arrivals.push(() => resolve(pages.shift() ?? page(1, false)))),
    });
    const arrives = async () => {
      arrivals.shift()?.();
      await settled();
    };
    const newest = subject.loadBackTo("m4");
    await arrives();
    expect(await newest).toBe(true);

    const scrolled = subject.loadOlder();
    const found = subject.loadBackTo("m2");
    await settled();
    expect(arrivals).toHaveLength(1);
    await arrives();
    await scrolled;
    await arrives();
    expect(await found).toBe(true);
    expect(ids(subject)).toEqual(["m2", "m3", "m4"]);
  });

  it("looks further back while what was missed is fetched", async () => {
    const page = (...seconds: number[]): MessagePage => ({
      messages: seconds.map((second) => message(`m${second}`, second)),
      more: true,
    });
    const subject = chat({ pages: [page(6, 5), page(8, 7), page(6, 5), page(4, 3)] });
    await settled();
    subject.pause();
    subject.resume();
    expect(await subject.loadBackTo("m3")).toBe(true);
    expect(ids(subject)).toEqual([3, 4, 5, 6, 7, 8].map((second) => `m${second}`));
  });

  it("loads older pages before what it has", async () => {
    const subject = chat({
      pages: [
        { messages: [message("d", 4), message("c", 3)], more: true },
        { messages: [message("b", 2), message("a", 1)], more: false },
      ],
    });
    await settled();
    expect(subject.state.get().more).toBe(true);
    await subject.loadOlder();
    expect(ids(subject)).toEqual(["a", "b", "c", "d"]);
    expect(subject.state.get().more).toBe(false);
  });
});

describe("the history, which can wait", () => {
  afterEach(() => void vi.useRealTimers());

  function entered({ more = false } = {}) {
    vi.useFakeTimers();
    const pages = [{ messages: [message("a", 1)], more }];
    const subject = chat({ inside: false, pages });
    subject.resume(1_000);
    return subject;
  }

  it("is fetched after a while", async () => {
    const subject = entered();
    await vi.advanceTimersByTimeAsync(900);
    expect(ids(subject)).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(ids(subject)).toEqual(["a"]);
  });

  it("is fetched at once for whoever opens the chat, and once", async () => {
    const subject = entered();
    subject.setOpen(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(ids(subject)).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(subject.state.get().loading).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on before its first page, whatever arrives until that is fetched", async () => {
    const subject = entered({ more: true });
    subject.receive(message("b", 2));
    await vi.advanceTimersByTimeAsync(1_100);
    expect(ids(subject)).toEqual(["a", "b"]);
    expect(subject.state.get().more).toBe(true);
  });

  it("is not fetched once the connection is down", async () => {
    const subject = entered();
    subject.pause();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(ids(subject)).toEqual([]);
    subject.resume();
    await vi.advanceTimersByTimeAsync(0);
    expect(ids(subject)).toEqual(["a"]);
  });
});
