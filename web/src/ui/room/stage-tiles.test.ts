import { expect, it } from "vitest";
import type { Participant, RemoteTrack } from "../../call/topology";
import { stageTiles, tileKey } from "./stage-tiles";

const silent: RemoteTrack = { track: null, on: null, flowing: false, paused: false };
const participant = (id: string, { screen }: { screen: boolean | null }): Participant => ({
  id,
  username: id,
  tracks: { microphone: silent, camera: silent, screen: { ...silent, on: screen } },
  speaking: false,
  health: { connection: "connected", unreachable: null },
  code: null,
  codeChanged: false,
});
const keys = (people: Participant[], own: { sharesScreen?: boolean; showsSelf?: boolean } = {}) =>
  stageTiles(people, { sharesScreen: false, showsSelf: true, ...own }).map(tileKey);

it("puts each shared screen beside its participant, and the viewer last", () => {
  const people = [
    participant("ann", { screen: true }),
    participant("bob", { screen: false }),
    participant("old", { screen: null }),
  ];
  expect(keys(people)).toEqual([
    "participant ann",
    "screen ann",
    "participant bob",
    "participant old",
    "self",
  ]);
  expect(keys([], { sharesScreen: true })).toEqual(["own-screen", "self"]);
});

it("leaves the viewer out who hides their tile, and never their screen", () => {
  const people = [participant("ann", { screen: false })];
  expect(keys(people, { showsSelf: false, sharesScreen: true })).toEqual([
    "participant ann",
    "own-screen",
  ]);
});
