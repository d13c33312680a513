import { expect, test } from "vitest";
import { english as t } from "../../texts/loaded-texts";
import { presence } from "./people-present";

const ann = { peerID: "a", peerUsername: "ann" };
const bob = { peerID: "b", peerUsername: "bob", peerDisplayName: "Bob Ross" };
const eve = { peerID: "e", peerUsername: "eve" };

test("the lobby says who is in the call already", () => {
  expect(presence(t, [])).toBe("");
  expect(presence(t, [ann])).toBe("ann is in the call.");
  expect(presence(t, [bob, ann])).toBe("Bob Ross (bob) and ann are in the call.");
  expect(presence(t, [ann, bob, eve])).toBe("ann and 2 others are in the call.");
});
