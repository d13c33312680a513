import { describe, expect, it } from "vitest";
import { answerTo, type ChatEntry, mergeEntries, withDeletion, withEdit } from "./chat-entries";

function entry(id: string, members: Partial<ChatEntry> = {}): ChatEntry {
  const author = { username: "bob", email: "bob@x" };
  const sent_at = "2026-01-01T12:00:00.000Z";
  return {
    message_id: id,
    room: "G",
    ...author,
    message: id,
    sent_at,
    delivery: "sent",
    ...members,
  };
}

const EDITED = { message_id: "a", message: "A", edited_at: "2026-01-01T12:05:00.000Z" };
const DELETED = { message_id: "a", deleted_at: "2026-01-01T12:06:00.000Z" };

describe("changes of messages", () => {
  it("reach the message and the answers that quote it, and nothing else", () => {
    const answer = entry("b", answerTo(entry("a")));
    const [changed, quoting, other] = withEdit([entry("a"), answer, entry("c")], EDITED);
    expect(changed).toMatchObject({ message: "A", edited_at: EDITED.edited_at });
    expect(quoting).toMatchObject({ message: "b", quote: { username: "bob", message: "A" } });
    expect(other).toEqual(entry("c"));
    const [gone, empty] = withDeletion([entry("a"), answer], DELETED);
    expect(gone).toMatchObject({ message: "", deleted_at: DELETED.deleted_at });
    expect(empty?.quote?.message).toBe("");
  });

  it("count in the order of the server, in whatever order they arrive", () => {
    const later = { ...EDITED, message: "later", edited_at: "2026-01-01T12:07:00.000Z" };
    for (const edits of [
      [EDITED, later],
      [later, EDITED],
    ]) {
      let entries: readonly ChatEntry[] = [entry("a")];
      for (const edit of edits) entries = withEdit(entries, edit);
      expect(entries).toMatchObject([{ message: "later" }]);
    }
  });

  it("are not undone by a page of the history that was read before them", () => {
    expect(mergeEntries(withEdit([entry("a")], EDITED), [entry("a")])).toMatchObject([
      { message: "A" },
    ]);
    const deleted = withDeletion([entry("a")], DELETED);
    expect(mergeEntries(deleted, [entry("a", EDITED)])).toEqual(deleted);
    expect(withEdit(deleted, { ...EDITED, edited_at: "2026-01-01T13:00:00.000Z" })).toEqual(
      deleted,
    );
  });

  it("quote no more than the server does, never half a character", () => {
    const face = "\u{1f642}";
    const { quote } = answerTo(entry("a", { message: face.repeat(300) }));
    expect(quote?.message).toBe(face.repeat(200));
  });
});
