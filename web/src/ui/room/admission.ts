import { useCallback, useEffect, useState } from "react";
import type { Api } from "../../api";
import { sameName } from "../../names";
import { Problem } from "../../problem";
import type { Identity } from "../../session";
import type { RoomEntry } from "../../wire.gen";
import { useServices } from "../app/services";

export interface RoomFacts {
  readonly name: string;
  readonly description: string;
  readonly isEvent: boolean;
  readonly isCreator: boolean;
  /** Null where the server does not tell. */
  readonly creator: { readonly username: string; readonly displayName?: string | null } | null;
}

export type Admission =
  | { readonly kind: "checking" }
  | { readonly kind: "admitted"; readonly room: RoomFacts }
  | { readonly kind: "password"; readonly room: RoomFacts }
  /** The room does not exist, or is an event without an invitation for this person: the server does not tell which. */
  | { readonly kind: "closed" }
  | { readonly kind: "problem"; readonly problem: Problem };

function factsOf(room: RoomEntry, identity: Identity): RoomFacts {
  return {
    name: room.name,
    description: room.description,
    isEvent: room.room_id !== null,
    isCreator: identity.username !== null && room.username === identity.username,
    creator: room.username
      ? { username: room.username, displayName: room.displayName ?? null }
      : null,
  };
}

type Entry = "free" | "password" | "refused";

/** A question that is no refusal where it takes the password; who is banned learns of it by giving that. */
async function entryOf(api: Api, room: string): Promise<Entry> {
  try {
    return (await api.needsPassword(room)) ? "password" : "free";
  } catch (error) {
    const { status } = Problem.of(error);
    if (status === 403 || status === 404) return "refused";
    throw error;
  }
}

export async function findAdmission(api: Api, name: string, me: Identity): Promise<Admission> {
  const rooms = await api.rooms();
  const found =
    rooms.find((room) => room.name === name) ?? rooms.find((room) => sameName(room.name, name));
  if (!found) return findUnlisted(api, name);
  const room = factsOf(found, me);
  // Events are listed to their creator and their invitees alone.
  const admitted = room.isEvent || room.isCreator || (await entryOf(api, room.name)) === "free";
  return { kind: admitted ? "admitted" : "password", room };
}

/** A room that its members alone see in their list: its link works, and asks for the password. */
async function findUnlisted(api: Api, name: string): Promise<Admission> {
  if ((await entryOf(api, name)) !== "password") return { kind: "closed" };
  const room = { name, description: "", isEvent: false, isCreator: false, creator: null };
  return { kind: "password", room };
}

export function useAdmission(name: string, me: Identity) {
  const { api } = useServices();
  const [admission, setAdmission] = useState<Admission>({ kind: "checking" });
  const check = useCallback(async () => {
    setAdmission({ kind: "checking" });
    try {
      setAdmission(await findAdmission(api, name, me));
    } catch (error) {
      setAdmission({ kind: "problem", problem: Problem.of(error) });
    }
  }, [api, name, me]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a renewed token makes a new identity object of the same person
  useEffect(() => void check(), [api, name, me.email]);
  const admit = (room: RoomFacts) => setAdmission({ kind: "admitted", room });
  return { admission, admit, check };
}
