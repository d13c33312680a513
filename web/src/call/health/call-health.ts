import { Store } from "../../store";
import type { Participant, Unreachable } from "../topology";
import { type Standing, standingOf } from "./mark";
import { type HealthWindow, KEPT_WINDOWS } from "./window";

/** The record of the connection to one participant. */
export interface HealthRecord {
  /** The participant's. */
  readonly id: string;
  readonly username: string;
  readonly displayName: string | undefined;
  readonly isHere: boolean;
  /** How the connection does now; null before that can be told, and where there is none. */
  readonly standing: Standing | null;
  /** Set where no way to them is found. */
  readonly unreachable: Unreachable | null;
  /** Of the last ten minutes, in order of time. Slots in which nothing was measured are missing. */
  readonly windows: readonly HealthWindow[];
}

type Seen = Pick<Participant, "id" | "username" | "displayName" | "health">;

/** The most records, of those who are here and of those who have left. */
export const MOST_RECORDS = 64;

/** The health of all connections of a call over the last ten minutes, also of those who have left meanwhile. */
export class CallHealth {
  readonly records = new Store<readonly HealthRecord[]>([]);

  /** Follows who is in the call, how they are called, and whether they are connected. */
  see(participants: readonly Seen[]): void {
    const records = this.records.get();
    const seen = records.map((record) => {
      const participant = participants.find(({ id }) => id === record.id);
      return participant ? arrived(record, participant) : departed(record);
    });
    const known = new Set(records.map(({ id }) => id));
    const fresh = participants.filter(({ id }) => !known.has(id));
    // In a large call there is no room for all, and nothing changes by those for whom there is none.
    const room = Math.max(0, MOST_RECORDS - seen.filter(({ isHere }) => isHere).length);
    const added = fresh
      .slice(0, room)
      .map(({ id, username, displayName, health }): HealthRecord => {
        const { unreachable } = health;
        return {
          id,
          username,
          displayName,
          isHere: true,
          standing: null,
          unreachable,
          windows: [],
        };
      });
    const changed = added.length > 0 || seen.some((record, at) => record !== records[at]);
    if (changed) this.records.set(bounded([...seen.filter((record) => isOfUse(record)), ...added]));
  }

  /** Takes a window of a participant who has been seen. */
  take(id: string, window: HealthWindow): void {
    const oldest = window.slot - KEPT_WINDOWS;
    const records = this.records.get().map((record) => {
      if (record.id !== id || !record.isHere) return record;
      const kept = record.windows.filter(({ slot }) => slot > oldest && slot < window.slot);
      const windows = [...kept, window];
      return { ...record, windows, standing: standingOf(windows) };
    });
    this.records.set(records.filter((record) => isOfUse(record, oldest)));
  }
}

function arrived(record: HealthRecord, participant: Seen): HealthRecord {
  const { username, displayName, health } = participant;
  const standing = health.connection === "connected" ? record.standing : null;
  const { unreachable } = health;
  const arrived = { ...record, username, displayName, isHere: true, standing, unreachable };
  const keys = ["username", "displayName", "isHere", "standing", "unreachable"] as const;
  return keys.every((key) => arrived[key] === record[key]) ? record : arrived;
}

function departed(record: HealthRecord): HealthRecord {
  return record.isHere ? { ...record, isHere: false, standing: null, unreachable: null } : record;
}

function isOfUse({ isHere, windows }: HealthRecord, oldest = Number.NEGATIVE_INFINITY): boolean {
  return isHere || (windows.at(-1)?.slot ?? Number.NEGATIVE_INFINITY) > oldest;
}

/** Drops those who left, the first first, then those for whom there is no room. */
function bounded(records: readonly HealthRecord[]): readonly HealthRecord[] {
  const surplus = Math.max(0, records.length - MOST_RECORDS);
  const gone = new Set(records.filter(({ isHere }) => !isHere).slice(0, surplus));
  return records.filter((record) => !gone.has(record)).slice(0, MOST_RECORDS);
}
