import { BaseKeyProvider, type Room, type RoomOptions } from "livekit-client";
import type { FrameCryptor } from "../e2ee/frame-secrets";
import { KEY_RING } from "../e2ee/sender-keys";
import { SECRET_BYTES } from "../e2ee/wraps";
import { dropLateWords } from "./late-words";

/** Part of LiveKit's manager of encryption, which its client does not export. */
interface EncryptionManager {
  setParticipantCryptorEnabled(isEnabled: boolean, identity: string): void;
}

/** LiveKit's encryption of frames, by secrets of ours (docs/end-to-end-encryption.md). One connection has one. */
export class FrameEncryption implements FrameCryptor {
  readonly #provider: SenderKeyProvider;
  readonly #worker = new Worker(new URL("./frame-worker.ts", import.meta.url), { type: "module" });
  #room: Room | null = null;

  constructor(private readonly identity: string) {
    this.#provider = new SenderKeyProvider(identity);
    dropLateWords(this.#worker, (of) => this.#room?.getParticipantByIdentity(of) !== undefined);
  }

  get roomOptions(): Pick<RoomOptions, "encryption" | "e2ee"> {
    const options = { keyProvider: this.#provider, worker: this.#worker };
    // By the older option LiveKit's client knows to send no simulcast from a Safari that cannot encrypt it.
    return { encryption: options, e2ee: options };
  }

  /**
   * Has frames of all participants decrypted, and ours encrypted, whatever the SFU says of their tracks: else LiveKit's
   * client shows what comes without encryption. Throws where its manager is another one than we know.
   */
  guard(room: Room): void {
    const { e2eeManager: manager } = room as unknown as { e2eeManager?: EncryptionManager };
    if (typeof manager?.setParticipantCryptorEnabled !== "function") {
      throw new Error("LiveKit's client encrypts in a way that is not known here");
    }
    const set = manager.setParticipantCryptorEnabled.bind(manager);
    this.#room = room;
    manager.setParticipantCryptorEnabled = (_isEnabled, identity) => set(true, identity);
  }

  /** Whether the SFU knows this browser by its own name, or by none yet. */
  isOurs({ localParticipant }: Room): boolean {
    return localParticipant.identity === "" || localParticipant.identity === this.identity;
  }

  setSecret(sender: string, number: number, secret: Uint8Array<ArrayBuffer> | null): void {
    this.#provider.setSecret(sender, number, secret);
  }

  close(): void {
    this.#worker.terminate();
  }
}

interface KnownKey {
  readonly key: CryptoKey;
  readonly participantIdentity: string;
  readonly keyIndex: number;
}

/**
 * Gives LiveKit's client the keys of each sender. It asks for all of them again at each reconnect, and then encrypts
 * with the one whose index was set last by anybody: so of ours it is told the latest alone, and that index.
 */
class SenderKeyProvider extends BaseKeyProvider {
  readonly #keys = new Map<string, KnownKey>();
  #ownIndex = 0;
  /** One import after the other, so that a later secret is never overtaken. */
  #imports = Promise.resolve();

  constructor(private readonly identity: string) {
    super({
      sharedKey: false,
      // The SFU can cause failures: none is to change a key.
      ratchetWindowSize: 0,
      failureTolerance: -1,
      keyringSize: KEY_RING,
      keySize: 256,
    });
  }

  setSecret(sender: string, number: number, secret: Uint8Array<ArrayBuffer> | null): void {
    // A secret that nobody knows takes the place of one that is forgotten.
    const bytes = secret ?? crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    this.#imports = this.#imports
      .then(() => this.#set(sender, number % KEY_RING, bytes))
      .catch((error: unknown) => console.warn("A key of frames", error));
  }

  override getKeys(): KnownKey[] {
    return [...this.#keys.values()];
  }

  override getLatestManuallySetKeyIndex(): number {
    return this.#ownIndex;
  }

  async #set(
    participantIdentity: string,
    keyIndex: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const usages = ["deriveBits", "deriveKey"] as const;
    const key = await crypto.subtle.importKey("raw", bytes, "HKDF", false, usages);
    const isOwn = participantIdentity === this.identity;
    if (isOwn) this.#ownIndex = keyIndex;
    this.#keys.set(isOwn ? "own" : `${keyIndex} ${participantIdentity}`, {
      key,
      participantIdentity,
      keyIndex,
    });
    this.onSetEncryptionKey(key, participantIdentity, keyIndex);
  }
}
