import type { RoomEntry } from "../../wire.gen";

const PAGE_SIZE = 200;
/** The rooms that are read without being asked for; more come by a button. */
export const FIRST_ROOMS = 200;

export interface LoadedRooms {
  readonly rooms: readonly RoomEntry[];
  /** Whether the server may have more. */
  readonly more: boolean;
}

type ReadPage = (page: { limit: number; after?: string }) => Promise<RoomEntry[]>;

/** Reads `most` rooms page by page, and yields all rooms so far after each page. */
export async function* roomPages(read: ReadPage, most: number): AsyncGenerator<LoadedRooms> {
  let rooms: RoomEntry[] = [];
  let more = true;
  while (more && rooms.length < most) {
    const after = rooms.at(-1)?.name;
    const page = await read({ limit: PAGE_SIZE, ...(after !== undefined && { after }) });
    rooms = [...rooms, ...page];
    more = page.length >= PAGE_SIZE;
    yield { rooms, more };
  }
}

/** Adds rooms to a list that may have some of them. */
export function together(listed: LoadedRooms, more: readonly RoomEntry[]): LoadedRooms {
  const names = new Set(listed.rooms.map(({ name }) => name));
  return { ...listed, rooms: [...listed.rooms, ...more.filter(({ name }) => !names.has(name))] };
}

/** Names the rooms in use that a complete list lacks: they are new, or hidden from who asks. */
export function roomsLacking(loaded: LoadedRooms | null, inUse: readonly string[]): string[] {
  if (loaded === null || loaded.more) return [];
  const known = new Set(loaded.rooms.map(({ name }) => name));
  return inUse.filter((name) => !known.has(name));
}
