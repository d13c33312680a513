import { endOf, type SecurityCode, securityCode } from "../security-code";
import { MemberKey, memberFingerprint, readMemberKey } from "./member-key";

/** The most members of which a key is kept, the latest. */
const KEPT = 1024;

/** Whether this browser can encrypt frames before they are sent (WebRTC Encoded Transform, or what came before it). */
export function canEncryptFrames(): boolean {
  if (!globalThis.crypto?.subtle) return false;
  const hasStreams = "createEncodedStreams" in (globalThis.RTCRtpSender?.prototype ?? {});
  return hasStreams || "RTCRtpScriptTransform" in globalThis;
}

/**
 * The member keys of a call: this browser's own, which is new for each call that is entered, and those of the others
 * as the server says. The first key of a member counts, and another one later is a sign of a lie.
 */
export class MemberKeys {
  #own: MemberKey | null = null;
  #making: Promise<void> | null = null;
  readonly #theirs = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #changed = new Set<string>();

  constructor(private readonly isAble: () => boolean = canEncryptFrames) {}

  /** Makes this browser's own key, once; a browser that cannot has none. */
  ready(): Promise<void> {
    this.#making ??= this.#make();
    return this.#making;
  }

  /** Null until `ready`, and in browsers that cannot encrypt frames. */
  get own(): MemberKey | null {
    return this.#own;
  }

  of(member: string): Uint8Array<ArrayBuffer> | null {
    return this.#theirs.get(member) ?? null;
  }

  /** Takes what the server says of a member's key. True where it is the first sign of a change. */
  note(member: string, text: string | undefined): boolean {
    const key = readMemberKey(text);
    if (!key) return false;
    const known = this.#theirs.get(member);
    if (!known) {
      this.#theirs.set(member, key);
      const [oldest] = this.#theirs.keys();
      if (this.#theirs.size > KEPT && oldest !== undefined) this.#forget(oldest);
      return false;
    }
    if (this.#changed.has(member) || known.every((byte, at) => byte === key[at])) return false;
    this.#changed.add(member);
    return true;
  }

  hasChanged(member: string): boolean {
    return this.#changed.has(member);
  }

  /** The fingerprints of our key and of a member's; null where one of them is missing. */
  async fingerprints(member: string): Promise<readonly [string, string] | null> {
    const [ours, theirs] = [this.#own?.publicBytes, this.of(member)];
    if (!ours || !theirs) return null;
    return [await memberFingerprint(ours), await memberFingerprint(theirs)];
  }

  /** The code of two members without a connection between them. */
  async code(member: string): Promise<SecurityCode | null> {
    const [ours, theirs] = (await this.fingerprints(member)) ?? [];
    return ours && theirs ? securityCode(endOf(ours), endOf(theirs)) : null;
  }

  async #make(): Promise<void> {
    if (!this.isAble()) return;
    try {
      this.#own = await MemberKey.generate();
    } catch (error) {
      console.warn("A member key", error);
    }
  }

  #forget(member: string): void {
    this.#theirs.delete(member);
    this.#changed.delete(member);
  }
}
