import { expect, it } from "vitest";
import type { Participant } from "./topology";
import { withUnchanged } from "./unchanged-participants";

class Track {}

function participant(id: string, track: Track, changes: Partial<Participant> = {}): Participant {
  const remote = () => ({
    track: track as MediaStreamTrack,
    on: true,
    flowing: false,
    paused: false,
  });
  return {
    id,
    username: id,
    tracks: { microphone: remote(), camera: remote(), screen: remote() },
    screens: [],
    speaking: false,
    health: { connection: "connecting", unreachable: null },
    code: null,
    codeChanged: false,
    ...changes,
  };
}

const track = new Track();
const before = [participant("ann", track), participant("bob", track)];

it("is what was before where nothing has changed", () => {
  const now = [participant("ann", track), participant("bob", track)];
  expect(withUnchanged(now, before)).toBe(before);
});

it.each<[string, Participant]>([
  ["a word", participant("bob", track, { displayName: "Bob" })],
  [
    "what is deep inside",
    participant("bob", track, { health: { connection: "connected", unreachable: null } }),
  ],
  ["a track", participant("bob", new Track())],
])("changes with %s, and keeps the other", (_, bob) => {
  const now = withUnchanged([participant("ann", track), bob], before);
  expect(now).not.toBe(before);
  expect(now[0]).toBe(before[0]);
  expect(now[1]).toBe(bob);
});

it("follows who comes, goes and changes places", () => {
  const cyd = participant("cyd", track);
  expect(withUnchanged([...before, cyd], before)).toEqual([...before, cyd]);
  expect(withUnchanged([participant("ann", track)], before)).toEqual([before[0]]);
  const turned = withUnchanged([participant("bob", track), participant("ann", track)], before);
  expect(turned.map(({ id }) => id)).toEqual(["bob", "ann"]);
  expect(turned[0]).toBe(before[1]);
  expect(withUnchanged([], [])).toEqual([]);
});
