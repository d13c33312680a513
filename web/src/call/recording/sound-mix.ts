import { bestEffort } from "../best-effort";
import { streamOf } from "./track-frames";

/** Mixes sounds into one track, which is silent where there are none. */
export class SoundMix {
  readonly #context = new AudioContext({ sampleRate: 48_000 });
  readonly #destination = this.#context.createMediaStreamDestination();
  readonly #silence = this.#context.createConstantSource();
  readonly #sources = new Map<MediaStreamTrack, MediaStreamAudioSourceNode>();

  constructor() {
    // Without a source, the track would have no samples at all.
    const gain = this.#context.createGain();
    gain.gain.value = 0;
    this.#silence.connect(gain).connect(this.#destination);
    this.#silence.start();
    void this.#context.resume().catch(() => {});
  }

  stream(): ReadableStream {
    const [track] = this.#destination.stream.getAudioTracks();
    if (!track) throw new Error("The mixed sound has no track");
    return streamOf(track);
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
        source.connect(this.#destination);
        this.#sources.set(track, source);
      });
    }
  }

  close(): void {
    this.follow([]);
    void this.#context.close().catch(() => {});
  }
}
