import { Store } from "../store";
import { followLoudness } from "./loudness";
import type { LocalTracks } from "./topology";

export type FollowLoudness = (
  track: MediaStreamTrack,
  heard: (speaking: boolean, level: number) => void,
) => () => void;

/** Quieter than the noise of any room: what a microphone gives that is switched off at itself or in the system. */
const NOTHING = 0.000_1;
/** So many measurements in a row, ten seconds of them. */
const SILENT_AFTER = 50;

/** Whether the person at this browser is heard to speak, by the microphone that is on. */
export class OwnVoice {
  readonly isAudible = new Store(false);
  /** Whether the microphone has given nothing at all since it was opened. One that was heard once works. */
  readonly isSilent = new Store(false);
  #heard: MediaStreamTrack | null = null;
  #nothing = 0;
  #track: MediaStreamTrack | null = null;
  #stop: () => void = () => {};
  #unsubscribe: () => void = () => {};

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

  #listen(): void {
    const { microphone, on } = this.outgoing.get();
    this.#use(on.microphone ? microphone : null);
  }

  #use(track: MediaStreamTrack | null): void {
    if (track === this.#track) return;
    this.#stop();
    this.#track = track;
    this.isAudible.set(false);
    this.isSilent.set(false);
    this.#nothing = 0;
    this.#stop = track
      ? this.follow(track, (...measured) => this.#hear(track, ...measured))
      : () => {};
  }

  #hear(track: MediaStreamTrack, speaking: boolean, level: number): void {
    this.isAudible.set(speaking);
    if (level > NOTHING) this.#heard = track;
    if (this.#heard === track) this.isSilent.set(false);
    else if (++this.#nothing >= SILENT_AFTER) this.isSilent.set(true);
  }
}
