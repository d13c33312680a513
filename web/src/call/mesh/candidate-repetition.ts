import { Backoff } from "../../backoff";

const FIRST_MS = 1_000;
const MOST_MS = 8_000;
/** A refusal this long after the last repetition has another cause than the one before. */
const CALM_MS = 15_000;

/**
 * Decides when candidates are sent again of which the server has refused some. A refusal does not say which, so those
 * of all connections that need them are repeated, in longer and longer intervals while refusals go on.
 */
export class CandidateRepetition {
  readonly #backoff = new Backoff(FIRST_MS, MOST_MS);
  #timer: ReturnType<typeof setTimeout> | null = null;
  #repeatedAt = 0;

  constructor(private readonly repeat: () => void) {}

  noteRefusal(): void {
    if (this.#timer !== null) return;
    if (Date.now() - this.#repeatedAt > CALM_MS) this.#backoff.reset();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#repeatedAt = Date.now();
      this.repeat();
    }, this.#backoff.nextMs());
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
