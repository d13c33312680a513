/** A part of the client that is loaded when it is needed: once, or again after a failure. */
export class Chunk<T> {
  #loading: Promise<T> | null = null;
  #loaded: T | null = null;

  constructor(private readonly fetch: () => Promise<T>) {}

  /** What was loaded, for whoever cannot wait; null before. */
  get loaded(): T | null {
    return this.#loaded;
  }

  load(): Promise<T> {
    this.#loading ??= this.#fetch();
    return this.#loading;
  }

  /** A part of what is loaded, as a chunk of its own. */
  part<P>(pick: (whole: T) => P): Chunk<P> {
    return new Chunk(() => this.load().then(pick));
  }

  /** Loads it for later. Whoever needs it then tries again and says what failed. */
  fetchAhead(): void {
    this.load().catch((error: unknown) => console.warn("A part of the client", error));
  }

  async #fetch(): Promise<T> {
    try {
      this.#loaded = await this.fetch();
      return this.#loaded;
    } catch (error) {
      this.#loading = null;
      throw error;
    }
  }
}
