import { RateLimiter } from "../rate-limiter";
import {
  type Chunk,
  type FileMessage,
  packed,
  parseMessage,
  unpacked,
  written,
} from "./file-messages";

/** Bytes that wait in the browser at most: more would be of no use, and would take long to cancel. */
const MAX_WAITING_BYTES = 256 * 1024;
const LOW_BYTES = 64 * 1024;
/** Messages besides contents; a peer that says more is not heard any more. */
const BURST = 200;
const EVERY_MS = 50;

export interface FileChannelListener {
  opened(): void;
  heard(message: FileMessage): void;
  arrived(chunk: Chunk): void;
  /** The channel takes more. */
  drained(): void;
}

/** The data channel of files to one peer. */
export class FileChannel {
  readonly #limiter = new RateLimiter(BURST, EVERY_MS);

  constructor(
    private readonly channel: RTCDataChannel,
    listener: FileChannelListener,
  ) {
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW_BYTES;
    channel.addEventListener("open", () => listener.opened());
    channel.addEventListener("bufferedamountlow", () => listener.drained());
    channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (typeof data !== "string") {
        const chunk = unpacked(data);
        if (chunk) listener.arrived(chunk);
      } else if (!this.#limiter.take(performance.now())) channel.close();
      else {
        const message = parseMessage(data);
        if (message) listener.heard(message);
      }
    });
  }

  say(message: FileMessage): void {
    if (this.channel.readyState === "open") this.channel.send(written(message));
  }

  /** False where it has to wait: the channel is full, or not open. */
  send(chunk: Chunk): boolean {
    const { readyState, bufferedAmount } = this.channel;
    if (readyState !== "open" || bufferedAmount > MAX_WAITING_BYTES) return false;
    this.channel.send(packed(chunk));
    return true;
  }
}
