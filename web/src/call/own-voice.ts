import { Store } from "../store";
import { followLoudness } from "./loudness";
import type { LocalTracks } from "./topology";

type FollowLoudness = (track: MediaStreamTrack, heard: (speaking: boolean) => void) => () => void;

/** Whether the person at this browser is heard to speak, by the microphone that is on. */
export class OwnVoice {
  readonly isAudible = new Store(false);
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
    this.#stop = track ? this.follow(track, (speaking) => this.isAudible.set(speaking)) : () => {};
  }
}
