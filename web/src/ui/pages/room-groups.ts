import type { RoomEntry } from "../../wire.gen";

export interface RoomGroup {
  readonly kind: "own" | "invitations" | "open";
  readonly rooms: readonly RoomEntry[];
}

interface View {
  me: string | null;
  /** Names of the rooms that were entered last, which come first. */
  recent: readonly string[];
}

export function groupRooms(rooms: readonly RoomEntry[], { me, recent }: View): RoomGroup[] {
  const rank = new Map(recent.map((name, index) => [name, index]));
  const rankOf = ({ name }: RoomEntry) => rank.get(name) ?? recent.length;
  const sorted = rooms.toSorted((a, b) => rankOf(a) - rankOf(b) || a.name.localeCompare(b.name));
  const own = (room: RoomEntry) => me !== null && room.username === me;
  const groups: RoomGroup[] = [
    { kind: "own", rooms: sorted.filter(own) },
    { kind: "invitations", rooms: sorted.filter((room) => !own(room) && room.room_id !== null) },
    { kind: "open", rooms: sorted.filter((room) => !own(room) && room.room_id === null) },
  ];
  return groups.filter((group) => group.rooms.length > 0);
}

/** Finds rooms among those that are loaded, as the server finds them among all. */
export function roomsWith(search: string, rooms: readonly RoomEntry[]): readonly RoomEntry[] {
  const wanted = search.trim().toLocaleLowerCase();
  const text = ({ name, description, displayName, username }: RoomEntry) =>
    [name, description, displayName, username].join("\n").toLocaleLowerCase();
  return wanted === "" ? rooms : rooms.filter((room) => text(room).includes(wanted));
}
