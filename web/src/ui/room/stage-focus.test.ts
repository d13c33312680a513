import { expect, it } from "vitest";
import type { Participant, RemoteTrack } from "../../call/topology";
import { type Attention, focusOf, largeTiles, MOST_PINNED, withPin } from "./stage-focus";
import { stageTiles } from "./stage-tiles";

const silent: RemoteTrack = { track: null, on: null, flowing: false, paused: false };
const participant = (id: string, screen = false): Participant => ({
  id,
  username: id,
  tracks: { microphone: silent, camera: silent, screen: { ...silent, on: screen } },
  speaking: false,
  health: { connection: "connected", unreachable: null },
  code: null,
  codeChanged: false,
});

const attention: Attention = { arrangement: "grid", pinned: [], screen: null, speaker: null };
const people = [participant("ann"), participant("bob", true), participant("cyd", true)];
/** 0 is Ann, 1 Bob, 2 his screen, 3 Cyd, 4 her screen, 5 the viewer's screen, 6 the viewer. */
const tiles = stageTiles(people, { sharesScreen: true, showsSelf: true });
const large = (of: Partial<Attention>) => largeTiles(tiles, { ...attention, ...of });

it("shows everybody alike in a grid, until there is a screen", () => {
  expect(large({ speaker: "ann" })).toEqual([]);
  expect(large({ screen: "screen bob" })).toEqual([2]);
});

it("shows the speaker large in the arrangement for speakers, and the first person until somebody speaks", () => {
  expect(large({ arrangement: "speaker" })).toEqual([0]);
  expect(large({ arrangement: "speaker", speaker: "cyd" })).toEqual([3]);
  expect(large({ arrangement: "speaker", speaker: "gone" })).toEqual([0]);
});

it("puts screens before speakers", () =>
  expect(large({ arrangement: "speaker", speaker: "ann", screen: "screen cyd" })).toEqual([4]));

it("shows what is pinned, several too, and a screen beside pinned people", () => {
  expect(large({ pinned: ["participant cyd", "participant ann"], arrangement: "speaker" })).toEqual(
    [0, 3],
  );
  expect(large({ pinned: ["participant ann"], screen: "screen bob" })).toEqual([0, 2]);
  expect(large({ pinned: ["screen cyd"], screen: "screen bob" })).toEqual([4]);
  expect(large({ pinned: ["screen bob"], screen: "screen bob" })).toEqual([2]);
  expect(large({ pinned: ["participant gone"] })).toEqual([]);
});

it("never shows the viewer large", () => {
  const alone = stageTiles([], { sharesScreen: true, showsSelf: true });
  expect(largeTiles(alone, { ...attention, arrangement: "speaker", pinned: ["self"] })).toEqual([]);
});

it("looks at what is large, else at who speaks, else at the first person", () => {
  expect(focusOf(tiles, { large: [2, 3], speaker: "cyd" })).toBe(2);
  expect(focusOf(tiles, { large: [], speaker: "cyd" })).toBe(3);
  expect(focusOf(tiles, { large: [], speaker: null })).toBe(0);
});

it("lets the tile pinned first give way", () => {
  const keys = Array.from({ length: MOST_PINNED + 1 }, (_, index) => `participant ${index}`);
  const pinned = keys.reduce<readonly string[]>(withPin, []);
  expect(pinned).toEqual(keys.slice(1));
  expect(withPin(pinned, "participant 1")).toEqual(keys.slice(2));
});
