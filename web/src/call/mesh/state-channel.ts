import { bestEffort } from "../best-effort";
import { RateLimiter } from "../rate-limiter";
import type { SourceStates } from "../topology";

/** Both sides give the same id, so that the channel needs no announcement and an older client notices nothing. */
const CHANNEL = { negotiated: true, id: 0 } as const;
const MAX_LENGTH = 1000;
const MAX_MID_LENGTH = 32;
/** A peer that sends faster than anybody presses buttons is not read any more. */
const BURST = 50;
const EVERY_MS = 100;

/** The state that peers tell each other of their sources. */
export interface PeerState {
  readonly on: SourceStates;
  /**
   * The identification (RFC 8843, "mid") of the media section in which the screen is sent; null where it is sent
   * in the camera's section, or not at all. Undefined from clients that know no section for the screen.
   */
  readonly screenMid: string | null | undefined;
}

export function parseState(data: unknown): PeerState | null {
  if (typeof data !== "string" || data.length > MAX_LENGTH) return null;
  try {
    const { microphone, camera, screen, screenMid } = JSON.parse(data) as Record<string, unknown>;
    if (typeof microphone !== "boolean" || typeof camera !== "boolean") return null;
    return { on: { microphone, camera, screen: screen === true }, screenMid: parseMid(screenMid) };
  } catch {
    return null;
  }
}

function parseMid(mid: unknown): string | null | undefined {
  if (mid === null) return null;
  return typeof mid === "string" && mid.length <= MAX_MID_LENGTH ? mid : undefined;
}

function written({ on: { microphone, camera, screen }, screenMid = null }: PeerState): string {
  return JSON.stringify({ microphone, camera, screen, screenMid });
}

/** The data channel over which a peer hears which of our sources are on, and tells the same of theirs. */
export class StateChannel {
  #channel: RTCDataChannel | null = null;
  #ours: string | null = null;
  #told: string | null = null;
  readonly #limiter = new RateLimiter(BURST, EVERY_MS);

  constructor(private readonly heard: (state: PeerState) => void) {}

  open(connection: RTCPeerConnection): void {
    if (this.#channel) return;
    const channel = bestEffort("a channel for the devices", () =>
      connection.createDataChannel("state", CHANNEL),
    );
    if (!channel) return;
    this.#channel = channel;
    channel.addEventListener("open", () => this.#tell());
    channel.addEventListener("message", ({ data }) => {
      if (!this.#limiter.take(performance.now())) {
        channel.close();
        return;
      }
      const state = parseState(data);
      if (state) this.heard(state);
    });
  }

  tell(state: PeerState): void {
    this.#ours = written(state);
    this.#tell();
  }

  /** Sends the state once the channel is open, and only where it differs from the one sent before. */
  #tell(): void {
    if (this.#channel?.readyState !== "open" || !this.#ours || this.#ours === this.#told) return;
    this.#channel.send(this.#ours);
    this.#told = this.#ours;
  }
}
