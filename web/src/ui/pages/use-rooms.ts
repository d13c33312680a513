import { useCallback, useEffect, useRef, useState } from "react";
import type { Api } from "../../api";
import { Problem } from "../../problem";
import type { RoomEntry } from "../../wire.gen";
import { useServices, useStore } from "../app/services";
import { roomsWith } from "./room-groups";
import { FIRST_ROOMS, type LoadedRooms, roomPages, roomsLacking, together } from "./room-pages";

/** The most of one's own rooms and invitations that are read; all of them, for nearly everybody. */
const MOST_OWN = 1_000;
/** How long nobody types before the server is asked. */
const TYPED_MS = 250;

/** Shows the first load page by page, and later ones, which replace it, when they are complete. */
export function useRooms(person: string | null) {
  const { api, signaling } = useServices();
  const inUse = useStore(signaling.roomsInUse);
  const [loaded, setLoaded] = useState<LoadedRooms | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [most, setMost] = useState(FIRST_ROOMS);
  const latest = useRef(0);
  const reload = useCallback(async () => {
    const load = ++latest.current;
    let last: LoadedRooms | null = null;
    try {
      for await (const pages of visibleRooms(api, person, most)) {
        if (load !== latest.current) return;
        last = pages;
        setLoaded((before) => (isProgress(before, pages) ? pages : before));
      }
      setLoaded(last);
      setProblem(null);
    } catch (error) {
      if (load === latest.current) setProblem(Problem.of(error));
    }
  }, [api, person, most]);
  useEffect(() => void reload(), [reload]);
  // A room in use that the list lacks is new, unless it is hidden; then it stays lacking, and is asked for once.
  const lacking = useRef<readonly string[]>([]);
  useEffect(() => {
    const before = lacking.current;
    lacking.current = roomsLacking(loaded, inUse);
    if (lacking.current.some((name) => !before.includes(name))) void reload();
  }, [reload, loaded, inUse]);
  useEffect(() => {
    const onFocus = () => document.visibilityState === "visible" && void reload();
    document.addEventListener("visibilitychange", onFocus);
    return () => document.removeEventListener("visibilitychange", onFocus);
  }, [reload]);
  const loadMore = () => setMost((before) => before + FIRST_ROOMS);
  return { loaded, problem, reload: () => void reload(), loadMore };
}

/** What is open to everyone first, then, where that is not all, what is one's own: it may be far down the list. */
async function* visibleRooms(
  api: Api,
  person: string | null,
  most: number,
): AsyncGenerator<LoadedRooms> {
  let listed: LoadedRooms = { rooms: [], more: false };
  for await (const pages of roomPages((page) => api.rooms(page), most)) {
    listed = pages;
    yield listed;
  }
  if (!listed.more || person === null) return;
  for await (const own of roomPages((page) => api.rooms({ ...page, mine: true }), MOST_OWN)) {
    yield together(listed, own.rooms);
  }
}

/** A complete list stays until the next one is complete. */
function isProgress(before: LoadedRooms | null, pages: LoadedRooms): boolean {
  return before === null || (before.more && pages.rooms.length > before.rooms.length);
}

interface Found {
  readonly rooms: readonly RoomEntry[];
  /** Whether the server may know more that match. */
  readonly isSearching: boolean;
}

/** Finds rooms among those that are loaded at once, and asks the server where those are not all. */
export function useFound(loaded: LoadedRooms, search: string): Found {
  const { api } = useServices();
  const wanted = search.trim();
  const [answer, setAnswer] = useState<{ to: string; rooms: readonly RoomEntry[] } | null>(null);
  const isAsked = loaded.more && wanted !== "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new list may lack what was found
  useEffect(() => {
    if (!isAsked) return;
    let isOver = false;
    const ask = async () => {
      // Where the server does not answer, what is loaded has to do.
      const rooms = await api.rooms({ search: wanted, limit: FIRST_ROOMS }).catch(() => []);
      if (!isOver) setAnswer({ to: wanted, rooms });
    };
    const timer = setTimeout(() => void ask(), TYPED_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [api, wanted, isAsked, loaded]);
  const here = roomsWith(wanted, loaded.rooms);
  if (!isAsked) return { rooms: here, isSearching: false };
  if (answer?.to !== wanted) return { rooms: here, isSearching: true };
  return { rooms: together({ rooms: here, more: false }, answer.rooms).rooms, isSearching: false };
}
