import type { RoomEntry } from "../../wire.gen";

export interface RoomGroup {
  readonly kind: "own" | "invitations" | "open";
  readonly rooms: readonly RoomEntry[];
}

interface View {
  me: string | null;
  search: string;
}

export function groupRooms(rooms: readonly RoomEntry[], { me, search }: View): RoomGroup[] {
  const wanted = search.trim().toLocaleLowerCase();
  const text = ({ name, description, displayName, username }: RoomEntry) =>
    [name, description, displayName, username].join("\n").toLocaleLowerCase();
  const found = rooms
    .filter((room) => text(room).includes(wanted))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const own = (room: RoomEntry) => me !== null && room.username === me;
  const groups: RoomGroup[] = [
    { kind: "own", rooms: found.filter(own) },
    { kind: "invitations", rooms: found.filter((room) => !own(room) && room.room_id !== null) },
    { kind: "open", rooms: found.filter((room) => !own(room) && room.room_id === null) },
  ];
  return groups.filter((group) => group.rooms.length > 0);
}
