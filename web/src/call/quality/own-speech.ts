/** A speaker keeps the better picture for this long after the last word: people pause between sentences. */
export const SPEAKS_ON_MS = 5_000;

/** Whether the person at this browser speaks, or did a moment ago. */
export class OwnSpeech {
  #hears = false;
  #spokeAt = Number.NEGATIVE_INFINITY;

  hear(isAudible: boolean, now: number): void {
    if (isAudible || this.#hears) this.#spokeAt = now;
    this.#hears = isAudible;
  }

  isSpeaking(now: number): boolean {
    return this.#hears || now < this.#spokeAt + SPEAKS_ON_MS;
  }

  /** When the person stops to count as a speaker, if nothing is heard before; null where that is not known yet. */
  endsAt(now: number): number | null {
    return this.#hears || !this.isSpeaking(now) ? null : this.#spokeAt + SPEAKS_ON_MS;
  }
}
