import { describe, expect, it } from "vitest";
import type { Acknowledgements, MessagePage, StoredMessage } from "../wire.gen";
import { Chat, type ChatEntry, mergeEntries, randomId } from "./chat";

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

function chat(options: { send?: () => Promise<Answer>; pages?: MessagePage[] } = {}) {
  const pages = options.pages ?? [];
  return new Chat({
    room: "Garden",
    author,
    load: async () => pages.shift() ?? { messages: [], more: false },
    send: options.send ?? (async () => ({ ok: false, code: "no_answer", message: "" })),
  });
}

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
    const subject = chat({
      send: async () => {
        const [entry] = subject.state.get().entries;
        const stored = { ...message(entry?.message_id ?? "", 5), ...author, message: "hello" };
        return { ok: true, message: stored };
      },
    });
    await subject.send("hello");
    const [entry] = subject.state.get().entries;
    expect(subject.state.get().entries).toHaveLength(1);
    expect(entry).toMatchObject({ delivery: "sent", message: "hello", email: "ann@x" });
  });

  it("keeps what was not delivered, to be sent again under the same id", async () => {
    const subject = chat();
    await subject.send("hello");
    const [entry] = subject.state.get().entries;
    expect(entry?.delivery).toBe("failed");
    await subject.sendAgain(entry?.message_id ?? "");
    expect(ids(subject)).toEqual([entry?.message_id]);
  });

  it("loads older pages before what it has", async () => {
    const subject = chat({
      pages: [
        { messages: [message("d", 4), message("c", 3)], more: true },
        { messages: [message("b", 2), message("a", 1)], more: false },
      ],
    });
    await subject.loadNewest();
    expect(subject.state.get().more).toBe(true);
    await subject.loadOlder();
    expect(ids(subject)).toEqual(["a", "b", "c", "d"]);
    expect(subject.state.get().more).toBe(false);
  });
});

it("makes ids of the form of a UUID", () => {
  expect(randomId()).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
