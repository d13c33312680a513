import { Store } from "../store";
import { RateLimiter } from "./rate-limiter";
import type { Participant } from "./topology";

/** Names of reactions, as they are told over the data channel. */
export const REACTIONS = [
  "thumbs-up",
  "applause",
  "heart",
  "laughter",
  "surprise",
  "party",
  "thanks",
  "thumbs-down",
] as const;

export type Reaction = (typeof REACTIONS)[number];

export function isReaction(name: unknown): name is Reaction {
  return REACTIONS.some((reaction) => reaction === name);
}

/** What the person at this browser tells the others beside media. */
export type Gesture =
  /** Of hands that are up, the lower number was raised first. Null for a hand that is down. */
  | { readonly kind: "hand"; readonly number: number | null }
  | { readonly kind: "reaction"; readonly reaction: Reaction }
  /** Asks a participant to lower their hand, who does so for the room's creator alone. */
  | { readonly kind: "lower-hand"; readonly of: string };

/** What other participants tell; hands are part of their state. */
export interface GestureListener {
  reacted(participant: string, reaction: Reaction): void;
  askedToLower(participant: string): void;
}

/** The id of the person at this browser among the hands and reactions. */
export const SELF = "self";
export const SHOWN_MS = 5_000;
/** What one person may send: so many at once, then one in that time. Receivers hold them to more, for jitter. */
const BURST = 5;
const EVERY_MS = 700;
const MOST_HEARD = 2 * BURST;
/** The most people whose reactions are shown at a time. */
const MOST_REACTING = 32;

/** Reactions of one person that are shown now. */
export interface ShownReaction {
  readonly reaction: Reaction;
  readonly count: number;
}

interface Heard {
  readonly number: number;
  readonly participant: string;
  readonly reaction: Reaction;
}

/** The highest number that is told of a hand. */
export const MOST_HANDS = 1_000_000;

/**
 * Ids in the order in which they raised their hands. Whoever raises one takes the number after the highest that
 * they see (Lamport's logical clock), so that everybody sees one order: computers' clocks differ, and what is told
 * to those who come later takes its time.
 */
export function handsInOrder(
  participants: readonly Pick<Participant, "id" | "hand">[],
  own: number | null,
): string[] {
  const raised = [...participants, { id: SELF, hand: own }].flatMap(({ id, hand }) =>
    typeof hand === "number" ? [{ id, hand }] : [],
  );
  return raised.sort((a, b) => a.hand - b.hand || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
}

/** Counts equal reactions of each person, the latest last. */
export function countedReactions(heard: readonly Heard[]): ReadonlyMap<string, ShownReaction[]> {
  const counted = new Map<string, ShownReaction[]>();
  for (const { participant, reaction } of heard) {
    const shown = counted.get(participant) ?? [];
    const count = shown.find((one) => one.reaction === reaction)?.count ?? 0;
    const others = shown.filter((one) => one.reaction !== reaction);
    counted.set(participant, [...others, { reaction, count: count + 1 }]);
  }
  return counted;
}

export interface GestureParts {
  tell(gesture: Gesture): void;
  now?(): number;
}

/** Raised hands and reactions, of the others and our own. */
export class Gestures {
  /** The number of our hand; null while it is down. */
  readonly ownHand = new Store<number | null>(null);
  /** Who has a hand up, the longest first; ours as `SELF`. */
  readonly hands = new Store<readonly string[]>([]);
  readonly reactions = new Store<ReadonlyMap<string, readonly ShownReaction[]>>(new Map());
  /** The latest reaction, for those who cannot see it. */
  readonly latest = new Store<Heard | null>(null);
  #participants: readonly Participant[] = [];
  #heard: readonly Heard[] = [];
  #number = 0;
  readonly #limiters = new Map<string, RateLimiter>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #now: () => number;

  constructor(private readonly parts: GestureParts) {
    this.#now = parts.now ?? Date.now;
  }

  raiseHand(isUp: boolean): void {
    if (isUp === (this.ownHand.get() !== null)) return;
    this.ownHand.set(isUp ? this.#nextNumber() : null);
    this.tellHand();
    this.#order();
  }

  #nextNumber(): number {
    const highest = Math.max(0, ...this.#participants.map(({ hand }) => hand ?? 0));
    return Math.min(highest + 1, MOST_HANDS);
  }

  /** Tells our hand to all, also where another topology begins. */
  tellHand(): void {
    this.parts.tell({ kind: "hand", number: this.ownHand.get() });
  }

  lowerHandOf(participant: string): void {
    this.parts.tell({ kind: "lower-hand", of: participant });
  }

  /** False where there were too many just now. */
  react(reaction: Reaction): boolean {
    if (!this.#show(SELF, reaction, BURST)) return false;
    this.parts.tell({ kind: "reaction", reaction });
    return true;
  }

  hear(participant: string, reaction: Reaction): void {
    const isHere = this.#participants.some(({ id }) => id === participant);
    if (isHere) this.#show(participant, reaction, MOST_HEARD);
  }

  follow(participants: readonly Participant[]): void {
    this.#participants = participants;
    for (const id of this.#limiters.keys()) {
      if (id !== SELF && !participants.some((one) => one.id === id)) this.#limiters.delete(id);
    }
    this.#order();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #order(): void {
    const hands = handsInOrder(this.#participants, this.ownHand.get());
    if (hands.join() !== this.hands.get().join()) this.hands.set(hands);
  }

  #show(participant: string, reaction: Reaction, burst: number): boolean {
    const limiter = this.#limiters.get(participant) ?? new RateLimiter(burst, EVERY_MS);
    this.#limiters.set(participant, limiter);
    const reacting = this.reactions.get();
    if (!reacting.has(participant) && reacting.size >= MOST_REACTING) return false;
    if (!limiter.take(this.#now())) return false;
    const heard = { number: ++this.#number, participant, reaction };
    this.#heard = [...this.#heard, heard];
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#heard = this.#heard.filter((one) => one !== heard);
      this.reactions.set(countedReactions(this.#heard));
    }, SHOWN_MS);
    this.#timers.add(timer);
    this.reactions.set(countedReactions(this.#heard));
    this.latest.set(heard);
    return true;
  }
}
