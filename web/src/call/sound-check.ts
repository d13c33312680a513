import { Store } from "../store";

export type SoundCheckState = "idle" | "tone" | "recording" | "playing" | "failed";

/** How long one is recorded. */
export const RECORDED_MS = 3_000;

/** What plays and records; each settles when it is over, and ends early where it is aborted. */
export interface SoundDevices {
  playTone(speaker: string, signal: AbortSignal): Promise<void>;
  record(microphone: MediaStreamTrack, ms: number, signal: AbortSignal): Promise<Blob>;
  play(recorded: Blob, speaker: string, signal: AbortSignal): Promise<void>;
}

/**
 * Lets people hear their speaker, and themselves as the others will. One thing at a time: what begins ends what is
 * under way. What is recorded stays in this page's memory, until it has been heard.
 */
export class SoundCheck {
  readonly state = new Store<SoundCheckState>("idle");
  #present: AbortController | null = null;

  constructor(private readonly devices: SoundDevices) {}

  playTone(speaker: string): Promise<void> {
    return this.#run(async (show, signal) => {
      show("tone");
      await this.devices.playTone(speaker, signal);
    });
  }

  /** `speaker` is asked for when the recording is over: another may have been chosen meanwhile. */
  recordAndPlay(microphone: MediaStreamTrack, speaker: () => string): Promise<void> {
    return this.#run(async (show, signal) => {
      show("recording");
      const recorded = await this.devices.record(microphone, RECORDED_MS, signal);
      if (signal.aborted) return;
      show("playing");
      await this.devices.play(recorded, speaker(), signal);
    });
  }

  stop(): void {
    this.#present?.abort();
    this.#present = null;
    this.state.set("idle");
  }

  async #run(
    work: (show: (state: SoundCheckState) => void, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    this.stop();
    const ending = new AbortController();
    this.#present = ending;
    const show = (state: SoundCheckState) => {
      if (!ending.signal.aborted) this.state.set(state);
    };
    try {
      await work(show, ending.signal);
      show("idle");
    } catch (error) {
      console.warn("A sound check", error);
      show("failed");
    }
  }
}
