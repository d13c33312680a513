import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newMesh } from "./fake-mesh";

let subject: ReturnType<typeof newMesh>;
const heard: string[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.stubGlobal("MediaStream", class extends EventTarget {});
  heard.length = 0;
  subject = newMesh();
  subject.mesh.followGestures({
    reacted: (id, reaction) => void heard.push(`${id} ${reaction}`),
    askedToLower: (id) => void heard.push(`${id} lower`),
  });
});

afterEach(() => {
  subject.mesh.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const channelTo = (peerID: string) => {
  subject.addPeer({ peerID, peerUsername: peerID, createOffer: true });
  const [channel] = subject.connection().channels;
  if (!channel) throw new Error("no channel");
  return channel;
};
const state = '{"microphone":true,"camera":false}';
const handOf = () => subject.mesh.participants.get()[0]?.hand;

it("tells those who come later the number of our hand, and nothing of a hand that never was", () => {
  const bob = channelTo("bob");
  bob.open();
  const quiet = bob.sent.length;
  subject.mesh.gesture({ kind: "hand", number: 3 });
  const eve = channelTo("eve");
  eve.open();
  expect(bob.sent.slice(quiet)).toEqual(['{"version":1,"hand":3}']);
  expect(eve.sent.at(-1)).toBe('{"version":1,"hand":3}');
  subject.mesh.gesture({ kind: "hand", number: null });
  expect(eve.sent.at(-1)).toBe('{"version":1,"hand":null}');
  const cyd = channelTo("cyd");
  cyd.open();
  expect(cyd.sent.some((text) => text.includes("hand"))).toBe(false);
});

it("knows the number of a peer's hand, and passes over what is none", () => {
  const bob = channelTo("bob");
  bob.open();
  bob.hear(state);
  expect(handOf()).toBeUndefined();
  bob.hear('{"version":1,"hand":2}');
  expect(handOf()).toBe(2);
  bob.hear('{"version":1,"hand":null}');
  expect(handOf()).toBeNull();
  for (const odd of ['"1"', "0", "-1", "1.5", "1e300", "true"])
    bob.hear(`{"version":1,"hand":${odd}}`);
  expect(handOf()).toBeNull();
});

it("hears reactions and requests, but none that it does not know", () => {
  const bob = channelTo("bob");
  bob.open();
  bob.hear('{"version":1,"reaction":"heart"}');
  bob.hear('{"version":1,"reaction":"<b>"}');
  bob.hear('{"version":1,"lower":true}');
  bob.hear('{"version":1,"lower":1}');
  expect(heard).toEqual(["bob heart", "bob lower"]);
});

it("sends reactions to all, and a request to one", () => {
  const [bob, eve] = [channelTo("bob"), channelTo("eve")];
  bob.open();
  subject.mesh.gesture({ kind: "reaction", reaction: "party" });
  expect(eve.sent).toEqual([]);
  eve.open();
  subject.mesh.gesture({ kind: "lower-hand", of: "eve" });
  expect(bob.sent.at(-1)).toBe('{"version":1,"reaction":"party"}');
  expect(eve.sent.at(-1)).toBe('{"version":1,"lower":true}');
});
