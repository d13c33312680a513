import type { SenderKeyMessage } from "./sender-keys";

/** The most members of which a secret is held, the latest of each. */
const MOST = 512;

/** Holds the secrets of an epoch of which this browser has not heard yet, until it does. */
export class EarlySenderKeys {
  readonly #held = new Map<string, SenderKeyMessage>();

  hold(member: string, message: SenderKeyMessage): void {
    if (message.key === undefined) return;
    if (!this.#held.has(member) && this.#held.size >= MOST) return;
    this.#held.set(member, message);
  }

  take(epoch: string): [member: string, message: SenderKeyMessage][] {
    const taken = [...this.#held].filter(([, message]) => message.epoch === epoch);
    for (const [member] of taken) this.#held.delete(member);
    return taken;
  }
}
