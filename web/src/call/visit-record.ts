import type { Join, Joined } from "../wire.gen";
import { type Letter, Outbox } from "./outbox";

/** What a join came to, for those who hold connections. */
export interface Continuation {
  /** The visit that we were in goes on: nobody has noticed that we were away. */
  readonly resumed: boolean;
  /** No message was lost on the way, in either direction, as far as the server knows. */
  readonly complete: boolean;
}

/**
 * One visit as the server counts it: its token, how many messages came and how many went. It
 * lives in memory, so that a reload is a new visit.
 */
export class VisitRecord {
  readonly outbox: Outbox;
  #token: string | null = null;
  #received = 0;
  /** Of those, how many since the last join went out. */
  #recent = 0;

  constructor(send: (letter: Letter) => void) {
    this.outbox = new Outbox(send);
  }

  /** One more of the messages that the server counts. */
  noteReceived(): void {
    this.#received++;
    this.#recent++;
  }

  /** The join to send on a line that has just come up. */
  claim(room: string, known: readonly string[]): Join {
    this.outbox.mark();
    this.#recent = 0;
    if (this.#token === null) return { room, resumable: true };
    return {
      room,
      resumable: true,
      resume: this.#token,
      known: [...known],
      received: this.#received,
    };
  }

  take({ resume, resumed, received }: Joined): Continuation {
    this.#token = resume ?? null;
    if (resumed && typeof received === "number") {
      return { resumed: true, complete: this.outbox.resume(received) };
    }
    // A server that knows no counts begins with those of this join; so does a new visit.
    this.#received = this.#recent;
    this.outbox.restart();
    return { resumed: resumed === true, complete: false };
  }

  /** The visit is over: the next join begins another. */
  forget(): void {
    this.#token = null;
    this.outbox.close();
  }
}
