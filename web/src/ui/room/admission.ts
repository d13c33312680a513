import { useCallback, useEffect, useState } from "react";
import type { Api } from "../../api";
import { Problem } from "../../problem";
import type { Identity } from "../../session";
import type { Refused } from "../../texts/sentences";
import type { RoomEntrance } from "../../wire.gen";
import type { EventTime } from "../app/event-times";
import { useServices } from "../app/services";
import { isMarkedEncrypted } from "./encryption-mark";

export interface RoomFacts {
  readonly name: string;
  readonly description: string;
  readonly isEvent: boolean;
  readonly isCreator: boolean;
  /** Whether its calls have to be encrypted end to end: by the server's word, or by the link's. */
  readonly mustEncrypt: boolean;
  /** Null where it is not an event, or none with a time. */
  readonly time: EventTime | null;
  /** Null where the server does not tell. */
  readonly creator: { readonly username: string; readonly displayName?: string | null } | null;
}

export type Admission =
  | { readonly kind: "checking" }
  | { readonly kind: "admitted"; readonly room: RoomFacts }
  | { readonly kind: "password"; readonly room: RoomFacts }
  /** A reason is absent where the server does not tell a missing room from an event without an invitation. */
  | { readonly kind: "closed"; readonly reason: Refused | null }
  | { readonly kind: "problem"; readonly problem: Problem };

/** A room that the person cannot see, such as an unlisted one before its password is given, has its name alone. */
function factsOf(name: string, { room, roles }: RoomEntrance, isMarked: boolean): RoomFacts {
  return {
    name: room?.name ?? name,
    description: room?.description ?? "",
    isEvent: (room?.room_id ?? null) !== null,
    isCreator: roles.includes("creator"),
    mustEncrypt: isMarked || room?.encryption === "on",
    time: room?.starts_at
      ? { starts_at: room.starts_at, duration_minutes: room.duration_minutes ?? null }
      : null,
    creator: room?.username
      ? { username: room.username, displayName: room.displayName ?? null }
      : null,
  };
}

/** `isMarked`: the link says that calls have to be encrypted. */
export async function findAdmission(
  api: Pick<Api, "entrance">,
  name: string,
  isMarked = false,
): Promise<Admission> {
  try {
    const entrance = await api.entrance(name);
    if (entrance.next === "not_for_you") {
      const { code, message } = entrance;
      const isTold = code && code !== "not_invited";
      return { kind: "closed", reason: isTold ? { code, message: message ?? "" } : null };
    }
    const kind = entrance.next === "enter" ? "admitted" : "password";
    return { kind, room: factsOf(name, entrance, isMarked) };
  } catch (error) {
    const problem = Problem.of(error);
    return problem.status === 404 ? { kind: "closed", reason: null } : { kind: "problem", problem };
  }
}

export function useAdmission(name: string, me: Identity) {
  const { api } = useServices();
  const [admission, setAdmission] = useState<Admission>({ kind: "checking" });
  const check = useCallback(async () => {
    setAdmission({ kind: "checking" });
    setAdmission(await findAdmission(api, name, isMarkedEncrypted(location.hash)));
  }, [api, name]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a renewed token makes a new identity object of the same person
  useEffect(() => void check(), [api, name, me.email]);
  const admit = (room: RoomFacts) => setAdmission({ kind: "admitted", room });
  return { admission, admit, check };
}
