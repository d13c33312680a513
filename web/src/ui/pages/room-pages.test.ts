import { expect, it } from "vitest";
import type { RoomEntry } from "../../wire.gen";
import { roomPages, roomsLacking, together } from "./room-pages";

const rooms = (count: number): RoomEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `room ${index}`,
    room_id: null,
    username: "ann",
    created_at: "2026-01-01T00:00:00Z",
    description: "",
  }));

async function pagesOf(all: RoomEntry[], most: number) {
  const asked: (string | undefined)[] = [];
  const read = async ({ limit, after }: { limit: number; after?: string }) => {
    asked.push(after);
    const start = after === undefined ? 0 : all.findIndex(({ name }) => name === after) + 1;
    return all.slice(start, start + limit);
  };
  const loaded: [number, boolean][] = [];
  for await (const { rooms, more } of roomPages(read, most)) loaded.push([rooms.length, more]);
  return { asked, loaded };
}

it("reads page by page, each after the last room of the one before", async () => {
  const { asked, loaded } = await pagesOf(rooms(450), 1_000);
  expect(loaded).toEqual([
    [200, true],
    [400, true],
    [450, false],
  ]);
  expect(asked).toEqual([undefined, "room 199", "room 399"]);
});

it("reads one page where that is all, and no more than it is asked for", async () => {
  expect((await pagesOf(rooms(0), 1_000)).loaded).toEqual([[0, false]]);
  expect((await pagesOf(rooms(5_000), 1_000)).loaded.at(-1)).toEqual([1_000, true]);
});

it("puts a room that is in two lists in once", () => {
  const [first, second, third] = rooms(3) as [RoomEntry, RoomEntry, RoomEntry];
  const both = together({ rooms: [first, second], more: true }, [second, third]);
  expect(both).toEqual({ rooms: [first, second, third], more: true });
});

it("names rooms in use that a complete list lacks, and of no other list", () => {
  const loaded = { rooms: rooms(2), more: false };
  expect(roomsLacking(loaded, ["room 1", "hidden", "new"])).toEqual(["hidden", "new"]);
  expect(roomsLacking({ ...loaded, more: true }, ["new"])).toEqual([]);
  expect(roomsLacking(null, ["new"])).toEqual([]);
});
