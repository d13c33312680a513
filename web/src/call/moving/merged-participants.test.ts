import { describe, expect, it } from "vitest";
import type { Participant, RemoteScreen } from "../topology";
import { flowing, nothing, shown, withMedia } from "./fake-paths";
import { mergedParticipants } from "./merged-participants";

const only = (participants: Participant[]) => participants[0] as Participant;

const BY_MESH = "connections";

describe("a source", () => {
  it("is shown by the new way once it flows there", () => {
    const old = withMedia("bob");
    const silent = { ...flowing(), flowing: false };
    const next = shown("bob", { tracks: { ...old.tracks, microphone: silent, camera: flowing() } });
    const { tracks } = only(mergedParticipants([[next], [old]], [old], BY_MESH));
    expect(tracks.camera.track).toBe(next.tracks.camera.track);
    expect(tracks.microphone.track).toBe(old.tracks.microphone.track);
  });

  it("is on as its sender tells over the mesh, which is sooner", () => {
    const told = withMedia("bob");
    const late = withMedia("bob");
    const off = { ...told.tracks.microphone, on: false };
    const mesh = { ...told, tracks: { ...told.tracks, microphone: off } };
    expect(only(mergedParticipants([[late]], [mesh], BY_MESH)).tracks.microphone.on).toBe(false);
  });

  it("of a settled way is never that of the way before", () => {
    const mesh = withMedia("bob");
    const sfu = shown("bob");
    expect(only(mergedParticipants([[sfu]], [mesh], BY_MESH)).tracks.camera.track).toBeNull();
  });
});

describe("a participant", () => {
  it("keeps what the mesh knows beside media", () => {
    const code = { digits: "12345" } as unknown as NonNullable<Participant["code"]>;
    const mesh = shown("bob", { code, codeChanged: true, hand: 3, records: true });
    const merged = only(mergedParticipants([[shown("bob", { hand: null })]], [mesh], BY_MESH));
    expect(merged).toMatchObject({ code, codeChanged: true, hand: 3, records: true });
    const readable = mergedParticipants([[shown("bob")]], [mesh], null);
    expect(only(readable)).toMatchObject({ code: null, codeChanged: true });
  });

  it("has the code of member keys where there are no connections", () => {
    const code = [{ emoji: "🐶", word: "dog" }];
    const bob = shown("bob", { code });
    expect(only(mergedParticipants([[bob]], [], "member-keys")).code).toBe(code);
    expect(only(mergedParticipants([[bob]], [], "connections")).code).toBeNull();
    expect(only(mergedParticipants([[bob]], [], null)).code).toBeNull();
  });

  it("is connected where one way is", () => {
    const connecting = shown("bob", { health: { connection: "connecting", unreachable: null } });
    const merged = only(mergedParticipants([[connecting], [shown("bob")]], [], BY_MESH));
    expect(merged.health.connection).toBe("connected");
  });

  it("speaks where one way hears it", () => {
    const speaking = shown("bob", { speaking: true });
    expect(only(mergedParticipants([[shown("bob")], [speaking]], [], BY_MESH)).speaking).toBe(true);
  });

  it("is there by whichever way knows them", () => {
    const merged = mergedParticipants([[shown("bob")], [shown("carl")]], [], BY_MESH);
    expect(merged.map(({ id }) => id)).toEqual(["bob", "carl"]);
  });
});

it("shows each shared screen once", () => {
  const screen = (track: RemoteScreen | typeof nothing): RemoteScreen => ({
    ...track,
    source: "screen2",
    sound: null,
  });
  const old = shown("bob", { screens: [screen(flowing())] });
  const next = shown("bob", { screens: [screen(nothing)] });
  const { screens } = only(mergedParticipants([[next], [old]], [old], BY_MESH));
  expect(screens.map(({ source, track }) => [source, track])).toEqual([
    ["screen2", old.screens[0]?.track],
  ]);
});
