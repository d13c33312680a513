import { expect, test } from "vitest";
import type { RoomEntry } from "../../wire.gen";
import { groupRooms, roomsWith } from "./room-groups";

const NOW = Date.parse("2026-12-01T12:00:00Z");

const room = (name: string, more: Partial<RoomEntry> = {}): RoomEntry => ({
  name,
  room_id: null,
  username: "bob",
  created_at: "2026-01-01T00:00:00Z",
  description: "",
  ...more,
});

test("own rooms come first, then invitations, then what is open, each by name", () => {
  const rooms = [
    room("open b"),
    room("open a"),
    room("event", { room_id: 7 }),
    room("own", { username: "ann" }),
  ];
  const groups = groupRooms(rooms, { me: "ann", recent: [], now: NOW });
  expect(groups.map(({ kind, rooms }) => [kind, rooms.map(({ name }) => name)])).toEqual([
    ["own", ["own"]],
    ["invitations", ["event"]],
    ["open", ["open a", "open b"]],
  ]);
});

test("events with a time come by date, and those that are over at the end", () => {
  const event = (name: string, starts_at: string, more: Partial<RoomEntry> = {}) =>
    room(name, { room_id: 7, starts_at, ...more });
  const rooms = [
    event("next year", "2027-01-05T09:00:00Z"),
    event("this evening", "2026-12-01T18:00:00Z", { username: "ann" }),
    event("since the morning", "2026-12-01T08:00:00Z"),
    event("this morning", "2026-12-01T08:00:00Z", { duration_minutes: 60 }),
    event("last week", "2026-11-24T08:00:00Z", { username: "ann" }),
    room("some day", { room_id: 7 }),
    room("own", { username: "ann" }),
  ];
  const groups = groupRooms(rooms, { me: "ann", recent: ["next year", "last week"], now: NOW });
  expect(groups.map(({ kind, rooms }) => [kind, rooms.map(({ name }) => name)])).toEqual([
    ["upcoming", ["since the morning", "this evening", "next year"]],
    ["own", ["own"]],
    ["invitations", ["some day"]],
    ["past", ["this morning", "last week"]],
  ]);
});

test("rooms that were entered last come first in their group", () => {
  const rooms = ["attic", "barn", "cellar", "den"].map((name) => room(name));
  const [group] = groupRooms(rooms, { me: "ann", recent: ["gone", "cellar", "barn"], now: NOW });
  expect(group?.rooms.map(({ name }) => name)).toEqual(["cellar", "barn", "attic", "den"]);
});

test("rooms are found by what their card says, in any case", () => {
  const rooms = [
    room("Garden", { description: "Under the Äpple tree" }),
    room("Attic", { displayName: "Bob B" }),
  ];
  const found = (search: string) => roomsWith(search, rooms).map(({ name }) => name);
  expect(found("")).toEqual(["Garden", "Attic"]);
  expect(found(" gARD ")).toEqual(["Garden"]);
  expect(found("äpple")).toEqual(["Garden"]);
  expect(found("bob b")).toEqual(["Attic"]);
  expect(found("A\u0308PPLE  TREE")).toEqual(["Garden"]);
  expect(found("nothing")).toEqual([]);
});

test("letters of any script are found in any case", () => {
  const rooms = ["Ärzte", "Straße", "ΟΔΟΣ", "Комната", "Ｗｉｄｅ", "INFO"].map((name) =>
    room(name),
  );
  const found = (search: string) => roomsWith(search, rooms).map(({ name }) => name);
  expect(found("ärzte")).toEqual(["Ärzte"]);
  expect(found("STRASSE")).toEqual(["Straße"]);
  expect(found("οδος")).toEqual(["ΟΔΟΣ"]);
  expect(found("КОМНАТА")).toEqual(["Комната"]);
  expect(found("wide")).toEqual(["Ｗｉｄｅ"]);
  expect(found("info")).toEqual(["INFO"]);
});
