import type { RoomEntry } from "../../wire.gen";
import { standingOf } from "../app/event-times";

export interface RoomGroup {
  readonly kind: "upcoming" | "own" | "invitations" | "open" | "past";
  readonly rooms: readonly RoomEntry[];
}

interface View {
  me: string | null;
  /** Names of the rooms that were entered last, which come first. */
  recent: readonly string[];
  /** In ms. */
  now: number;
}

export const isOwn = (room: RoomEntry, me: string | null) => me !== null && room.username === me;

/** Events with a time stand by themselves, the next one first, and at the end those that are over, the last one first. */
export function groupRooms(rooms: readonly RoomEntry[], { me, recent, now }: View): RoomGroup[] {
  const rank = new Map(recent.map((name, index) => [name, index]));
  const rankOf = ({ name }: RoomEntry) => rank.get(name) ?? recent.length;
  const sorted = rooms.toSorted((a, b) => rankOf(a) - rankOf(b) || a.name.localeCompare(b.name));
  const kindOf = (room: RoomEntry): RoomGroup["kind"] => {
    const standing = standingOf(room, now);
    if (standing) return standing === "over" ? "past" : "upcoming";
    if (isOwn(room, me)) return "own";
    return room.room_id === null ? "open" : "invitations";
  };
  const of = (kind: RoomGroup["kind"]) => sorted.filter((room) => kindOf(room) === kind);
  const groups: RoomGroup[] = [
    { kind: "upcoming", rooms: of("upcoming").sort((a, b) => startOf(a) - startOf(b)) },
    { kind: "own", rooms: of("own") },
    { kind: "invitations", rooms: of("invitations") },
    { kind: "open", rooms: of("open") },
    { kind: "past", rooms: of("past").sort((a, b) => startOf(b) - startOf(a)) },
  ];
  return groups.filter((group) => group.rooms.length > 0);
}

const startOf = ({ starts_at }: RoomEntry) => Date.parse(starts_at ?? "");

/** Folds a text nearly as the server does, whatever the browser's language: of one case, width and composition. */
function searchKey(text: string): string {
  const folded = text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ");
  return folded.split(/\s+/).filter(Boolean).join(" ");
}

/** Finds rooms among those that are loaded, as the server finds them among all. */
export function roomsWith(search: string, rooms: readonly RoomEntry[]): readonly RoomEntry[] {
  const wanted = searchKey(search);
  const text = ({ name, description, displayName, username }: RoomEntry) =>
    [name, description, displayName, username].map((part) => searchKey(part ?? "")).join("\n");
  return wanted === "" ? rooms : rooms.filter((room) => text(room).includes(wanted));
}
