/** More members than these leave too often for a new secret each time. */
const FEW = 25;
export const AFTER_LEAVES_MS = 5_000;
export const AFTER_JOINS_MS = 2_000;

/** Decides when a sender needs a new secret: who left must not decode what comes later, nor who comes what was before. */
export class Rotation {
  /** Those for whom the latest secret was made; null before the first one. */
  #included: ReadonlySet<string> | null = null;
  #madeAt = 0;

  /** The time from which a new secret is to be made for these members; null where the latest one serves. */
  dueAt(members: ReadonlySet<string>): number | null {
    const included = this.#included;
    if (included === null) return 0;
    if ([...included].some((member) => !members.has(member))) {
      return this.#madeAt + (members.size < FEW ? 0 : AFTER_LEAVES_MS);
    }
    return [...members].some((member) => !included.has(member))
      ? this.#madeAt + AFTER_JOINS_MS
      : null;
  }

  made(members: ReadonlySet<string>, now: number): void {
    this.#included = new Set(members);
    this.#madeAt = now;
  }
}
