import { expect, test } from "vitest";
import type { RoomEntry } from "../../wire.gen";
import { groupRooms, roomsWith } from "./room-groups";

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
  const groups = groupRooms(rooms, { me: "ann", recent: [] });
  expect(groups.map(({ kind, rooms }) => [kind, rooms.map(({ name }) => name)])).toEqual([
    ["own", ["own"]],
    ["invitations", ["event"]],
    ["open", ["open a", "open b"]],
  ]);
});

test("rooms that were entered last come first in their group", () => {
  const rooms = ["attic", "barn", "cellar", "den"].map((name) => room(name));
  const [group] = groupRooms(rooms, { me: "ann", recent: ["gone", "cellar", "barn"] });
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
  expect(found("nothing")).toEqual([]);
});
