/** The rooms that a person entered last in this browser, the latest first. */
const KEY = "parlour.recent";
const MOST = 24;

interface Recent {
  readonly who: string;
  readonly rooms: readonly string[];
}

/** Adds a room in front; another person's rooms are forgotten. */
export function withRoom(before: Recent | null, who: string, room: string): Recent {
  const others = before?.who === who ? before.rooms.filter((name) => name !== room) : [];
  return { who, rooms: [room, ...others].slice(0, MOST) };
}

/** Reads what is stored; null where it is nothing that `withRoom` has made. */
export function readRecent(stored: string | null): Recent | null {
  if (stored === null) return null;
  try {
    const { who, rooms } = JSON.parse(stored);
    const areNames = Array.isArray(rooms) && rooms.every((name) => typeof name === "string");
    return typeof who === "string" && areNames ? { who, rooms: rooms.slice(0, MOST) } : null;
  } catch {
    return null;
  }
}

export function recentRooms(who: string): readonly string[] {
  const recent = stored();
  return recent?.who === who ? recent.rooms : [];
}

export function rememberRoom(who: string, room: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(withRoom(stored(), who, room)));
  } catch {
    // Without storage, rooms stay in the order of their names.
  }
}

/** Whoever uses this browser next learns nothing from it. */
export function forgetRooms(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Without storage there is nothing to forget.
  }
}

function stored(): Recent | null {
  try {
    return readRecent(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}
