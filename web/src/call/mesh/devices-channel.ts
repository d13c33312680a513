import { decoration } from "../decoration";
import { Pace } from "../pace";
import type { Devices } from "../topology";

/** Same id on both sides, so that no announcement is needed and an old client notices nothing. */
const CHANNEL = { negotiated: true, id: 0 } as const;
const MAX_LENGTH = 1000;
/** Whoever sends faster than anybody presses buttons is not listened to any more. */
const BURST = 50;
const EVERY_MS = 100;

export function parseDevices(data: unknown): Devices | null {
  if (typeof data !== "string" || data.length > MAX_LENGTH) return null;
  try {
    const { microphone, camera, screen } = JSON.parse(data) as Record<string, unknown>;
    if (typeof microphone !== "boolean" || typeof camera !== "boolean") return null;
    return { microphone, camera, screen: screen === true };
  } catch {
    return null;
  }
}

/** Tells a peer which of our devices are on, and hears the same of theirs. */
export class DevicesChannel {
  #channel: RTCDataChannel | null = null;
  #ours: Devices | null = null;
  readonly #pace = new Pace(BURST, EVERY_MS);

  constructor(private readonly heard: (devices: Devices) => void) {}

  open(connection: RTCPeerConnection): void {
    if (this.#channel) return;
    const channel = decoration("a channel for the devices", () =>
      connection.createDataChannel("state", CHANNEL),
    );
    if (!channel) return;
    this.#channel = channel;
    channel.addEventListener("open", () => this.#tell());
    channel.addEventListener("message", ({ data }) => {
      if (!this.#pace.take(performance.now())) {
        channel.close();
        return;
      }
      const devices = parseDevices(data);
      if (devices) this.heard(devices);
    });
  }

  tell(devices: Devices): void {
    this.#ours = devices;
    this.#tell();
  }

  #tell(): void {
    if (this.#channel?.readyState === "open" && this.#ours) {
      this.#channel.send(JSON.stringify(this.#ours));
    }
  }
}
