import type { RoomEntry } from "../../wire.gen";

export interface RoomGroup {
  readonly title: string;
  readonly own: boolean;
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
    { title: "Your own", own: true, rooms: found.filter(own) },
    {
      title: "Your invitations",
      own: false,
      rooms: found.filter((room) => !own(room) && room.room_id !== null),
    },
    {
      title: "Open to everyone",
      own: false,
      rooms: found.filter((room) => !own(room) && room.room_id === null),
    },
  ];
  return groups.filter((group) => group.rooms.length > 0);
}
