import { FrameSecrets } from "./frame-secrets";
import { SenderKeys, type SenderKeysParts } from "./sender-keys";

/** Of whom, and for whom, the secrets of one epoch are. */
export type EpochSecretsParts = Omit<SenderKeysParts, "frames">;

/**
 * The secrets of one epoch of an encrypted call. They outlive a connection to the SFU: members who have sent theirs do
 * not send it again, and the next connection of this epoch decrypts with what the one before was told.
 */
export class EpochSecrets {
  readonly frames = new FrameSecrets();
  readonly senderKeys: SenderKeys;

  constructor(parts: EpochSecretsParts) {
    this.senderKeys = new SenderKeys({ ...parts, frames: this.frames });
  }

  close(): void {
    this.senderKeys.close();
  }
}
