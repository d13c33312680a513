import { useEffect, useState } from "react";
import { type CallEntry, LIMITS } from "../../wire.gen";
import { useServices } from "../app/services";

const ASK_EVERY_MS = 30_000;

export type Calls = ReadonlyMap<string, CallEntry>;

const NO_CALLS: Calls = new Map();

/** Who is in the calls of these rooms, asked for together: when one begins or ends, and now and then while the page is seen. */
export function useCalls(inUse: readonly string[]): Calls {
  const { api } = useServices();
  const [calls, setCalls] = useState(NO_CALLS);
  const asked = JSON.stringify(inUse.slice(0, LIMITS.roomsAsked));
  useEffect(() => {
    const rooms: string[] = JSON.parse(asked);
    let latest = 0;
    const ask = async () => {
      const own = ++latest;
      if (document.visibilityState !== "visible") return;
      // Without an answer, cards say that a room is in use, and not by whom.
      const found = await api.callsIn(rooms).catch(() => []);
      if (own === latest) setCalls(new Map(found.map((call) => [call.room, call])));
    };
    if (rooms.length === 0) {
      setCalls(NO_CALLS);
      return;
    }
    void ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    document.addEventListener("visibilitychange", ask);
    return () => {
      latest += 1;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [api, asked]);
  return calls;
}
