import { expect, it } from "vitest";
import type { Participant, RemoteTrack, ScreenSource } from "../../call/topology";
import { stageTiles, tileKey } from "./stage-tiles";

const silent: RemoteTrack = { track: null, on: null, flowing: false, paused: false };
const participant = (id: string, ...screens: ScreenSource[]): Participant => ({
  id,
  username: id,
  tracks: { microphone: silent, camera: silent, screen: { ...silent, on: screens.length > 0 } },
  screens: screens.map((source) => ({ ...silent, on: true, source, sound: null })),
  speaking: false,
  health: { connection: "connected", unreachable: null },
  code: null,
  codeChanged: false,
});
const keys = (people: Participant[], ownScreens: ScreenSource[] = [], showsSelf = true) =>
  stageTiles(people, { ownScreens, showsSelf }).map(tileKey);

it("puts each shared screen beside its participant, and the viewer last", () => {
  const people = [participant("ann", "screen2", "screen"), participant("bob")];
  expect(keys(people)).toEqual([
    "participant ann",
    "screen2 ann",
    "screen ann",
    "participant bob",
    "self",
  ]);
  expect(keys([], ["screen", "screen3"])).toEqual(["own screen", "own screen3", "self"]);
});

it("leaves the viewer out who hides their tile, and never their screen", () => {
  expect(keys([participant("ann")], ["screen"], false)).toEqual(["participant ann", "own screen"]);
});
