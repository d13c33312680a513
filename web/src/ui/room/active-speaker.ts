/** A voice counts once it has been heard for about this long, and no longer this long after its last word. */
const SPEECH_MS = 1_200;
/** The least time between two changes of the speaker. */
export const STAYS_MS = 3_000;
/** The share of the last moments in which somebody spoke who may become the speaker. */
const SPEAKS = 0.4;
/** How much more than the speaker somebody has to speak to take their place. */
const MORE = 0.25;

interface Voice {
  readonly id: string;
  readonly speaking: boolean;
}

interface Activity {
  /** From 0 to 1, an exponential moving average of whether somebody speaks. */
  readonly level: number;
  readonly speaking: boolean;
}

/**
 * Decides who is the speaker, with hysteresis: a cough takes nobody's place, whoever goes on speaking keeps it, and
 * while all are silent the last who spoke has it. It has no clock; times are given in milliseconds.
 */
export class ActiveSpeaker {
  #activities: ReadonlyMap<string, Activity> = new Map();
  #at = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  #current: string | null = null;

  /** Id of the speaker; null until somebody has spoken. */
  get current(): string | null {
    return this.#current;
  }

  /** Whether the speaker may change by the passing of time alone. */
  get isUnsettled(): boolean {
    return [...this.#activities].some(([id, { speaking }]) => speaking && id !== this.#current);
  }

  /** Notes who is there and who speaks from now on. */
  follow(voices: readonly Voice[], now: number): void {
    this.settle(now);
    this.#activities = new Map(
      voices.map(({ id, speaking }) => [
        id,
        { level: this.#activities.get(id)?.level ?? 0, speaking },
      ]),
    );
    if (this.#current !== null && !this.#activities.has(this.#current)) this.#current = null;
    this.#choose(now);
  }

  /** Lets the time pass until now. */
  settle(now: number): void {
    const kept = Math.exp(-Math.max(0, now - this.#at) / SPEECH_MS);
    this.#at = Math.max(now, this.#at);
    this.#activities = new Map(
      [...this.#activities].map(([id, { level, speaking }]) => [
        id,
        { level: level * kept + (speaking ? 1 - kept : 0), speaking },
      ]),
    );
    this.#choose(now);
  }

  #choose(now: number): void {
    const current = this.#current === null ? undefined : this.#activities.get(this.#current);
    if (current && now - this.#changedAt < STAYS_MS) return;
    let [chosen, most] = [this.#current, current ? current.level + MORE : SPEAKS];
    for (const [id, { level, speaking }] of this.#activities) {
      if (!speaking || level < SPEAKS || level <= most) continue;
      [chosen, most] = [id, level];
    }
    if (chosen === this.#current) return;
    this.#current = chosen;
    this.#changedAt = now;
  }
}
