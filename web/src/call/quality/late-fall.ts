/** A number that rises at once and falls late: who loads a page again is gone for some seconds alone. */
export class LateFall {
  #value = 0;
  #until = 0;

  constructor(private readonly heldMs: number) {}

  of(current: number, now: number): number {
    if (current >= this.#value || now >= this.#until) {
      this.#value = current;
      this.#until = now + this.heldMs;
    }
    return this.#value;
  }
}
