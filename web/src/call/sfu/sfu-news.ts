import type { Gesture, GestureListener } from "../gestures";
import { parseNews } from "../mesh/state-channel";
import { RateLimiter } from "../rate-limiter";
import type { SfuConnection } from "./sfu-connection";

const VERSION = 1;
/** As of a data channel: who sends faster than anybody presses buttons is not heard. */
const BURST = 50;
const EVERY_MS = 100;
/** The most senders of which anything is kept. */
const MOST_SENDERS = 512;

/** What participants tell each other beside media, as data of the SFU: the news of the data channels of a mesh. */
export class SfuNews {
  readonly #hands = new Map<string, number | null>();
  readonly #limiters = new Map<string, RateLimiter>();
  readonly #listeners = new Set<GestureListener>();
  #told: ReadonlySet<string> = new Set();
  #hand: number | null = null;

  constructor(
    private readonly connection: () => Pick<SfuConnection, "tell"> | null,
    private readonly changed: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The number of a participant's hand; undefined while they have told nothing. */
  handOf(participant: string): number | null | undefined {
    return this.#hands.get(participant);
  }

  follow(listener: GestureListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  gesture(gesture: Gesture): void {
    switch (gesture.kind) {
      case "hand":
        this.#hand = gesture.number;
        this.#tell({ hand: gesture.number });
        break;
      case "reaction":
        this.#tell({ reaction: gesture.reaction });
        break;
      case "lower-hand":
        this.#tell({ lower: true }, [gesture.of]);
    }
  }

  /** Tells a hand that is up to those who have come since. */
  meet(present: ReadonlySet<string>): void {
    const newcomers = [...present].filter((id) => !this.#told.has(id));
    this.#told = present;
    for (const known of [this.#hands, this.#limiters]) {
      for (const id of known.keys()) if (!present.has(id)) known.delete(id);
    }
    if (newcomers.length > 0 && this.#hand !== null) this.#tell({ hand: this.#hand }, newcomers);
  }

  hear(participant: string, text: string): void {
    if (!this.#isAllowed(participant)) return;
    const { hand, reaction, lower } = parseNews(text) ?? {};
    for (const listener of this.#listeners) {
      if (reaction) listener.reacted(participant, reaction);
      if (lower) listener.askedToLower(participant);
    }
    if (hand === undefined) return;
    this.#hands.set(participant, hand);
    this.changed();
  }

  #isAllowed(participant: string): boolean {
    const limiter = this.#limiters.get(participant) ?? new RateLimiter(BURST, EVERY_MS);
    if (!this.#limiters.has(participant) && this.#limiters.size >= MOST_SENDERS) return false;
    this.#limiters.set(participant, limiter);
    return limiter.take(this.now());
  }

  #tell(news: object, to?: readonly string[]): void {
    this.connection()?.tell(JSON.stringify({ version: VERSION, ...news }), to);
  }
}
