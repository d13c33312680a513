import { RateLimiter } from "../rate-limiter";
import type { MemberKeys } from "./member-keys";
import { Rotation } from "./rotation";
import { SECRET_BYTES, unwrap, wrap } from "./wraps";

/** Receivers who have not confirmed a secret by then miss what comes until they have it. */
export const USED_WITHIN_MS = 500;
/** Receivers forget a secret so long after the next one. */
export const FORGOTTEN_AFTER_MS = 5_000;
/** The first pause before a wrap is sent again that was not confirmed; each is twice as long as the one before. */
export const REPEATED_AFTER_MS = 2_000;
const MOST_REPEATS = 4;
/** Each wrap costs a multiplication on the curve: a member that sends more is not heard. */
const BURST = 20;
const EVERY_MS = 250;
/** The places for keys in LiveKit's ring. */
export const KEY_RING = 16;

/** A wrapped secret; without `key`, the confirmation that one was taken. */
export interface SenderKeyMessage {
  readonly epoch: string;
  readonly number: number;
  readonly key?: string | undefined;
}

/** Takes the secrets with which frames are encrypted, by the identity of their sender. */
export interface FrameKeys {
  take(sender: string, number: number, secret: Uint8Array<ArrayBuffer>): void;
  forget(sender: string, number: number): void;
}

export interface SenderKeysParts {
  readonly epoch: string;
  /** The peer id of this browser. */
  readonly ownID: string;
  readonly keys: MemberKeys;
  readonly frames: FrameKeys;
  /** Counts the secrets of this visit. */
  nextNumber(): number;
  send(member: string, message: SenderKeyMessage): void;
  now?(): number;
}

/** A secret of ours, from its making until the next one. */
interface OwnSecret {
  readonly number: number;
  readonly secret: Uint8Array<ArrayBuffer>;
  /** The members that have not confirmed it yet. */
  readonly awaited: Set<string>;
  isUsed: boolean;
}

/**
 * The secrets of the senders in one epoch of an encrypted call: ours goes to all members, wrapped for each, and is new
 * when members come or leave; theirs are taken as they come (docs/end-to-end-encryption.md).
 */
export class SenderKeys {
  readonly #rotation = new Rotation();
  readonly #now: () => number;
  #members: ReadonlySet<string> = new Set();
  #own: OwnSecret | null = null;
  /** The number of the latest secret of each member. */
  readonly #latest = new Map<string, number>();
  readonly #limiters = new Map<string, RateLimiter>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #renewing: ReturnType<typeof setTimeout> | undefined;
  /** When a new secret is to be made; null where the latest one serves. */
  #dueAt: number | null = null;
  #isClosed = false;

  constructor(private readonly parts: SenderKeysParts) {
    this.#now = parts.now ?? (() => performance.now());
  }

  /** Follows who is in the call besides this browser. */
  follow(members: ReadonlySet<string>): void {
    if (this.#isClosed) return;
    this.#members = members;
    for (const known of [this.#latest, this.#limiters]) {
      for (const member of known.keys()) if (!members.has(member)) known.delete(member);
    }
    this.#schedule();
  }

  async hear(member: string, message: SenderKeyMessage): Promise<void> {
    const { epoch, number, key } = message;
    if (this.#isClosed || epoch !== this.parts.epoch || !this.#members.has(member)) return;
    if (key === undefined) this.#confirmed(member, number);
    else if (this.#limiterOf(member).take(this.#now())) await this.#open(member, number, key);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#renewing);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #schedule(): void {
    const dueAt = this.#rotation.dueAt(this.#members);
    if (dueAt === this.#dueAt) return;
    this.#dueAt = dueAt;
    clearTimeout(this.#renewing);
    if (dueAt === null) return;
    this.#renewing = setTimeout(() => void this.#renew(), Math.max(0, dueAt - this.#now()));
  }

  async #renew(): Promise<void> {
    const { keys, nextNumber } = this.parts;
    const members = this.#members;
    this.#dueAt = null;
    this.#rotation.made(members, this.#now());
    // A secret that waits for its use is newer than the one in use: some who left do not know it.
    this.#use(this.#own);
    const own: OwnSecret = {
      number: nextNumber(),
      secret: crypto.getRandomValues(new Uint8Array(SECRET_BYTES)),
      awaited: new Set([...members].filter((member) => keys.of(member) !== null)),
      isUsed: false,
    };
    this.#own = own;
    this.#later(USED_WITHIN_MS, () => this.#use(own));
    if (own.awaited.size === 0) this.#use(own);
    await this.#distribute(own, 0);
  }

  /** Sends a secret to those who have not confirmed it, and again after a while. */
  async #distribute(own: OwnSecret, repeats: number): Promise<void> {
    await Promise.all([...own.awaited].map((member) => this.#sendTo(member, own)));
    if (this.#own !== own || repeats >= MOST_REPEATS) return;
    this.#later(REPEATED_AFTER_MS * 2 ** repeats, () => {
      if (this.#own === own) void this.#distribute(own, repeats + 1);
    });
  }

  async #sendTo(member: string, { number, secret }: OwnSecret): Promise<void> {
    const { keys, epoch, ownID, send } = this.parts;
    const [ours, theirs] = [keys.own, keys.of(member)];
    if (!ours || !theirs || !this.#members.has(member)) return;
    const context = { epoch, sender: ownID, receiver: member, number };
    try {
      const key = await wrap(secret, context, { ours, theirs, weSend: true });
      if (!this.#isClosed && this.#members.has(member)) send(member, { epoch, number, key });
    } catch (error) {
      console.warn("A secret for a member", error);
    }
  }

  #confirmed(member: string, number: number): void {
    const own = this.#own;
    if (own?.number !== number) return;
    own.awaited.delete(member);
    if ([...own.awaited].every((awaited) => !this.#members.has(awaited))) this.#use(own);
  }

  #use(own: OwnSecret | null): void {
    if (!own || own.isUsed || this.#isClosed) return;
    own.isUsed = true;
    this.parts.frames.take(this.parts.ownID, own.number, own.secret);
  }

  async #open(member: string, number: number, key: string): Promise<void> {
    const { keys, epoch, ownID, frames, send } = this.parts;
    const [ours, theirs] = [keys.own, keys.of(member)];
    if (!ours || !theirs) return;
    if (!this.#isNews(member, number)) {
      // The confirmation may have been lost.
      if (this.#latest.get(member) === number) send(member, { epoch, number });
      return;
    }
    const context = { epoch, sender: member, receiver: ownID, number };
    const secret = await unwrap(key, context, { ours, theirs, weSend: false });
    if (!secret || this.#isClosed || !this.#members.has(member)) return;
    if (!this.#isNews(member, number)) return;
    const former = this.#latest.get(member);
    this.#latest.set(member, number);
    frames.take(member, number, secret);
    send(member, { epoch, number });
    if (former !== undefined) this.#forgetLater(member, former);
  }

  /** An older secret, which who left may know, does not come back. */
  #isNews(member: string, number: number): boolean {
    return number > (this.#latest.get(member) ?? -1);
  }

  #forgetLater(member: string, former: number): void {
    this.#later(FORGOTTEN_AFTER_MS, () => {
      const latest = this.#latest.get(member) ?? former;
      // A later one may have its place in the ring.
      if (latest - former < KEY_RING) this.parts.frames.forget(member, former);
    });
  }

  #limiterOf(member: string): RateLimiter {
    const limiter = this.#limiters.get(member) ?? new RateLimiter(BURST, EVERY_MS);
    this.#limiters.set(member, limiter);
    return limiter;
  }

  #later(afterMs: number, step: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      step();
    }, afterMs);
    this.#timers.add(timer);
  }
}
