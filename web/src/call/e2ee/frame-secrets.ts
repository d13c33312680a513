import type { FrameKeys } from "./sender-keys";

type Secret = Uint8Array<ArrayBuffer>;

/** What encrypts and decrypts frames; it may come later than the first secrets. */
export interface FrameCryptor {
  /** Takes the latest secret of a sender. Numbers count up; null forgets one. */
  setSecret(sender: string, number: number, secret: Secret | null): void;
}

/** The secrets of all senders in one epoch, for the connection that stands, or comes to stand. */
export class FrameSecrets implements FrameKeys {
  readonly #secrets = new Map<string, Map<number, Secret>>();
  #cryptor: FrameCryptor | null = null;

  bind(cryptor: FrameCryptor): void {
    this.#cryptor = cryptor;
    for (const [sender, secrets] of this.#secrets) {
      for (const [number, secret] of secrets) cryptor.setSecret(sender, number, secret);
    }
  }

  /** Passes no more secrets to a connection that has ended; another one may have its place by now. */
  unbind(cryptor: FrameCryptor): void {
    if (this.#cryptor === cryptor) this.#cryptor = null;
  }

  take(sender: string, number: number, secret: Secret): void {
    const secrets = this.#secrets.get(sender) ?? new Map<number, Secret>();
    const [former, ...more] = [...secrets.keys()];
    if (former !== undefined && more.length > 0) secrets.delete(former);
    this.#secrets.set(sender, secrets.set(number, secret));
    this.#cryptor?.setSecret(sender, number, secret);
  }

  forget(sender: string, number: number): void {
    this.#secrets.get(sender)?.delete(number);
    this.#cryptor?.setSecret(sender, number, null);
  }
}
