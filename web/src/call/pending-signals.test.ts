import { describe, expect, it } from "vitest";
import type { PeerSignal } from "../signaling";
import { PendingSignals } from "./pending-signals";

const signal = (candidate: string): PeerSignal => ({
  event: "offer-ice",
  payload: { peerID: "bob", iceCandidate: { candidate } },
});

function pending(...posted: string[]) {
  const sent: string[] = [];
  const subject = new PendingSignals(({ payload }) => {
    if ("iceCandidate" in payload) sent.push(payload.iceCandidate.candidate);
  });
  const post = (...texts: string[]) => {
    for (const text of texts) subject.post(signal(text));
  };
  post(...posted);
  return { subject, sent, post };
}

describe("PendingSignals", () => {
  it("sends what it holds once the line is agreed on, and what comes after at once", () => {
    const { subject, sent, post } = pending("a");
    expect(sent).toEqual([]);
    expect(subject.resume(0)).toBe(true);
    post("b");
    expect(sent).toEqual(["a", "b"]);
  });

  it("sends again from where the other side is", () => {
    const { subject, sent, post } = pending("a", "b", "c");
    subject.resume(0);
    sent.length = 0;
    subject.close();
    post("d");
    expect(sent).toEqual([]);
    expect(subject.resume(2)).toBe(true);
    expect(sent).toEqual(["c", "d"]);
    expect(subject.resume(4)).toBe(true);
    expect(sent).toEqual(["c", "d"]);
  });

  it("knows whom to tell of a refusal, also of what is sent again", () => {
    const refused = () => {};
    const told: unknown[] = [];
    const subject = new PendingSignals((_, teller) => told.push(teller));
    subject.post(signal("a"), refused);
    subject.resume(0);
    subject.resume(0);
    subject.post(signal("b"));
    expect(told).toEqual([refused, refused, undefined]);
  });

  it("says where it cannot: too old, or never said", () => {
    const { subject, sent } = pending(...Array.from({ length: 600 }, (_, index) => `${index}`));
    expect(subject.resume(99)).toBe(false);
    expect(sent[0]).toBe("100");
    expect(subject.resume(700)).toBe(false);
  });

  it("begins to count anew with what was posted since the join", () => {
    const { subject, sent, post } = pending("a");
    subject.mark();
    post("b");
    subject.restart();
    expect(sent).toEqual(["b"]);
    expect(subject.resume(1)).toBe(true);
    expect(sent).toEqual(["b"]);
  });
});
