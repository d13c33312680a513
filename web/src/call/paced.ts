/** Runs work at most once in a while, for what changes far more often than anybody can see. */
export class Paced {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly work: () => void,
    private readonly everyMs: number,
  ) {}

  /** Runs the work within that while. */
  soon(): void {
    this.#timer ??= setTimeout(() => this.now(), this.everyMs);
  }

  /** Runs the work at once, in the place of what was to come. */
  now(): void {
    this.close();
    this.work();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
