import { expect, test } from "vitest";
import { dropLateWords } from "./late-words";

test("a word about a participant that has left is dropped, and no other", () => {
  const worker = new EventTarget();
  const present = new Set(["ann"]);
  dropLateWords(worker, (identity) => present.has(identity));
  const heard: unknown[] = [];
  worker.addEventListener("message", (event) => heard.push((event as MessageEvent).data));
  const words = [
    { kind: "initAck", data: { enabled: true } },
    { kind: "enable", data: { enabled: true } },
    { kind: "enable", data: { enabled: true, participantIdentity: "ann" } },
    { kind: "error", data: { participantIdentity: "bob" } },
  ];
  for (const data of words) worker.dispatchEvent(new MessageEvent("message", { data }));
  const late = { kind: "enable", data: { enabled: true, participantIdentity: "bob" } };
  worker.dispatchEvent(new MessageEvent("message", { data: late }));
  expect(heard).toEqual(words);
});
