/** In which order people have tiles on a stage of several pages, and who spoke last. */
export interface Seats {
  readonly order: readonly string[];
  /** Ids of those who have been the speaker, the latest first. */
  readonly heard: readonly string[];
}

export const NO_SEATS: Seats = { order: [], heard: [] };

export interface SeatedPerson {
  readonly id: string;
  /** Whether they send a picture. */
  readonly shows: boolean;
}

interface Front {
  /** How many people have a tile on the first page; null where there is one page. */
  readonly seats: number | null;
  /** Id of the person who speaks, or spoke last. */
  readonly speaker: string | null;
}

/** Longer than any first page: who spoke before that is no more likely to speak than others. */
const MOST_HEARD = 64;

/**
 * Gives the first page to those who speak and to those who show themselves, with as few tiles moving as can be: who
 * comes to the front changes places with one who is there, the one without a picture who was silent for longest, and
 * all others stay. On one page everybody keeps their place. Gives the very same value where nothing changes.
 */
export function seatsAfter(
  before: Seats,
  people: readonly SeatedPerson[],
  { seats, speaker }: Front,
): Seats {
  const shows = new Map(people.map((person) => [person.id, person.shows]));
  const heard = heardAfter(before.heard, speaker, shows);
  const order = seatedAgain(before.order, [...shows.keys()], seats ?? 0, shows);
  if (seats !== null) {
    const silence = (id: string) => (heard.includes(id) ? heard.indexOf(id) : MOST_HEARD);
    if (speaker !== null) bringForward(order, speaker, seats, { silence, shows });
    for (const id of order.slice(seats).filter((one) => shows.get(one))) {
      const isRoom = order.slice(0, seats).some((one) => !shows.get(one) && one !== speaker);
      if (!isRoom) break;
      bringForward(order, id, seats, { silence, shows });
    }
  }
  const isSame = isEqual(order, before.order) && isEqual(heard, before.heard);
  return isSame ? before : { order, heard };
}

interface Standing {
  silence(id: string): number;
  readonly shows: ReadonlyMap<string, boolean>;
}

/** Has a person change places with whoever of the first page is missed least. */
function bringForward(order: string[], id: string, seats: number, standing: Standing): void {
  const at = order.indexOf(id);
  if (at < seats) return;
  const { silence, shows } = standing;
  const missed = (other: string) => (shows.get(other) ? 0 : 2 * MOST_HEARD) + silence(other);
  let least = 0;
  for (let seat = 1; seat < seats; seat++) {
    if (missed(order[seat] ?? "") >= missed(order[least] ?? "")) least = seat;
  }
  const gone = order[least];
  if (gone === undefined) return;
  order[least] = id;
  order[at] = gone;
}

/**
 * The order of those who are here, newcomers last. A seat on the first page that gets free is taken by the first one
 * behind who shows themselves, or else by the next one, so that nobody else moves there.
 */
function seatedAgain(
  before: readonly string[],
  present: readonly string[],
  seats: number,
  shows: ReadonlyMap<string, boolean>,
): string[] {
  const known = new Set(before);
  const front = before.slice(0, seats).map((id) => (shows.has(id) ? id : null));
  const behind = before.slice(seats).filter((id) => shows.has(id));
  behind.push(...present.filter((id) => !known.has(id)));
  const filled = front.map((id) => {
    if (id !== null || behind.length === 0) return id;
    const at = Math.max(
      behind.findIndex((other) => shows.get(other)),
      0,
    );
    return behind.splice(at, 1)[0] ?? null;
  });
  return [...filled.filter((id) => id !== null), ...behind];
}

function heardAfter(
  heard: readonly string[],
  speaker: string | null,
  present: ReadonlyMap<string, boolean>,
): readonly string[] {
  const others = heard.filter((id) => id !== speaker && present.has(id));
  const isHere = speaker !== null && present.has(speaker);
  return (isHere ? [speaker, ...others] : others).slice(0, MOST_HEARD);
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, at) => id === other[at]);
}
