import { Store } from "../../store";
import { bestEffort } from "../best-effort";
import type { Given } from "./requested-frames";
import tapAddress from "./sound-tap-worklet.js?url";
import { hasTrackStreams, streamOf } from "./track-frames";

/** A browser that lets sound flow does so by then. */
const HELD_BACK_AFTER_MS = 2_000;

/** Mixes sounds into one track, which is silent where there are none. */
export class SoundMix {
  /** Whether the browser holds the sound back: some let a page have sound only after a click. */
  readonly isHeldBack = new Store(false);
  // Firefox mixes no sound of another rate than the context's own, which is that of its devices by default.
  readonly #context = new AudioContext(hasTrackStreams() ? { sampleRate: 48_000 } : {});
  readonly #mixed = this.#context.createGain();
  readonly #silence = this.#context.createConstantSource();
  readonly #sources = new Map<MediaStreamTrack, MediaStreamAudioSourceNode>();
  #judged: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    // Without a source, the track would have no samples at all.
    const gain = this.#context.createGain();
    gain.gain.value = 0;
    this.#silence.connect(gain).connect(this.#mixed);
    this.#silence.start();
    this.#context.addEventListener("statechange", this.flow);
    this.flow();
  }

  get rate(): number {
    return this.#context.sampleRate;
  }

  /** Lets the sound flow, also again after the browser has suspended it. Where it is held back, a click has to call it. */
  readonly flow = (): void => {
    clearTimeout(this.#judged);
    const { state } = this.#context;
    if (state === "running" || state === "closed") {
      this.isHeldBack.set(false);
      return;
    }
    this.#judged = setTimeout(() => this.isHeldBack.set(true), HELD_BACK_AFTER_MS);
    this.#context.resume().catch((error: unknown) => console.warn("Sound of the recording", error));
  };

  /** Gives the mixed sound; to be called once. */
  sound(): Given<AudioData> {
    if (!hasTrackStreams()) return this.#tapped();
    const destination = this.#context.createMediaStreamDestination();
    this.#mixed.connect(destination);
    const [track] = destination.stream.getAudioTracks();
    if (!track) throw new Error("The mixed sound has no track");
    return streamOf(track);
  }

  #tapped(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#tap(port1).catch((error: unknown) => {
      console.warn("Sound of the recording", error);
      port1.postMessage(null);
    });
    return port2;
  }

  async #tap(port: MessagePort): Promise<void> {
    await this.#context.audioWorklet.addModule(tapAddress);
    const tap = new AudioWorkletNode(this.#context, "sound-tap", {
      channelCount: 2,
      channelCountMode: "explicit",
    });
    tap.port.postMessage(port, [port]);
    // It gives no sound on, and yet browsers only run what leads to an end.
    this.#mixed.connect(tap).connect(this.#context.destination);
  }

  /** Mixes these tracks from now on. */
  follow(tracks: readonly MediaStreamTrack[]): void {
    for (const [track, source] of this.#sources) {
      if (tracks.includes(track)) continue;
      source.disconnect();
      this.#sources.delete(track);
    }
    for (const track of tracks) {
      if (this.#sources.has(track)) continue;
      bestEffort("a sound of the recording", () => {
        const source = this.#context.createMediaStreamSource(new MediaStream([track]));
        source.connect(this.#mixed);
        this.#sources.set(track, source);
      });
    }
  }

  close(): void {
    this.follow([]);
    clearTimeout(this.#judged);
    this.#context.removeEventListener("statechange", this.flow);
    void this.#context.close().catch(() => {});
  }
}
