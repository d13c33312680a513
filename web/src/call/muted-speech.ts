import { Store } from "../store";
import { followLoudness } from "./loudness";
import type { FollowLoudness } from "./own-voice";
import type { LocalTracks } from "./topology";

/** Of the latest measurements, two seconds of them, so many have to be audible: a cough is no speech. */
const KEPT = 10;
const ENOUGH = 5;
/** After a hint there is none for this long. */
const PAUSE_MS = 30_000;

/** Decides by loudness whether a person speaks who does not know that they are muted. */
export class SpeechWhileMuted {
  #latest: boolean[] = [];
  #hintedAt = Number.NEGATIVE_INFINITY;

  /** True where it is time for a hint. */
  take(isAudible: boolean, now: number): boolean {
    this.#latest = [...this.#latest, isAudible].slice(-KEPT);
    const audible = this.#latest.filter(Boolean).length;
    if (audible < ENOUGH || now - this.#hintedAt < PAUSE_MS) return false;
    this.#hintedAt = now;
    return true;
  }
}

const HINT_MS = 8_000;

/**
 * Whether the person at this browser speaks while their microphone is off. A clone of its track stays on for that, which goes
 * to nobody.
 */
export class MutedSpeech {
  readonly isHinted = new Store(false);
  #source: MediaStreamTrack | null = null;
  #stop: () => void = () => {};
  #unsubscribe: () => void = () => {};
  #hiding: ReturnType<typeof setTimeout> | undefined;
  readonly #speech = new SpeechWhileMuted();

  constructor(
    private readonly outgoing: Store<LocalTracks>,
    private readonly follow: FollowLoudness = followLoudness,
  ) {}

  start(): void {
    this.#unsubscribe();
    this.#unsubscribe = this.outgoing.subscribe(() => this.#listen());
    this.#listen();
  }

  close(): void {
    this.#unsubscribe();
    this.#use(null);
  }

  dismiss(): void {
    clearTimeout(this.#hiding);
    this.isHinted.set(false);
  }

  #listen(): void {
    const { microphone, on } = this.outgoing.get();
    this.#use(on.microphone ? null : microphone);
  }

  #use(source: MediaStreamTrack | null): void {
    if (source === this.#source) return;
    this.#stop();
    this.dismiss();
    this.#source = source;
    this.#stop = source ? this.#measure(source) : () => {};
  }

  #measure(source: MediaStreamTrack): () => void {
    const clone = source.clone();
    clone.enabled = true;
    const end = this.follow(clone, (isAudible) => this.#take(isAudible));
    return () => {
      end();
      clone.stop();
    };
  }

  #take(isAudible: boolean): void {
    if (!this.#speech.take(isAudible, performance.now())) return;
    this.isHinted.set(true);
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => this.isHinted.set(false), HINT_MS);
  }
}
