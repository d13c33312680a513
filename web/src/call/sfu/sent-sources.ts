import { Backoff } from "../../backoff";
import { type LocalTracks, SOUND_OF, type TrackSource } from "../topology";
import type { SendingOptions, SentMedia, SfuConnection } from "./sfu-connection";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** A picture or a sound that cannot be sent is tried so often, until it changes. */
const MOST_TRIES = 5;

/** What is to be sent of a source. */
interface Wanted extends SendingOptions {
  readonly track: MediaStreamTrack;
}

/** What is sent of it: a copy of a track of ours, which the SFU's client may enable and stop as it likes. */
interface Sent {
  readonly media: SentMedia;
  /** Null while the source has nothing to send. */
  original: MediaStreamTrack | null;
  copy: MediaStreamTrack;
}

export type Sending = Pick<SfuConnection, "publish">;

/** Sends the tracks of this browser to an SFU: one change of each source at a time, the latest wish counts. */
export class SentSources {
  readonly #sources = new Map<TrackSource, SentSource>();

  constructor(
    private readonly connection: Sending,
    private readonly changed: () => void,
  ) {}

  publish(local: LocalTracks): void {
    const wanted = wantedOf(local);
    for (const source of this.#sources.keys()) {
      if (!wanted.has(source)) this.#sourceOf(source).want(null);
    }
    for (const [source, one] of wanted) this.#sourceOf(source).want(one);
  }

  /** Whether all that is to be sent is sent. */
  get isComplete(): boolean {
    return [...this.#sources.values()].every(({ isDone }) => isDone);
  }

  /** Whether something cannot be sent, for all tries. */
  get hasFailed(): boolean {
    return [...this.#sources.values()].some(({ hasFailed }) => hasFailed);
  }

  /** Brings to the SFU what its client has changed by itself, such as where a device has ended. */
  review(): void {
    for (const source of this.#sources.values()) source.review();
  }

  get media(): SentMedia[] {
    return [...this.#sources.values()].flatMap(({ media }) => media ?? []);
  }

  close(): void {
    for (const source of this.#sources.values()) source.close();
  }

  #sourceOf(source: TrackSource): SentSource {
    const known = this.#sources.get(source);
    if (known) return known;
    const made = new SentSource(source, this.connection, this.changed);
    this.#sources.set(source, made);
    return made;
  }
}

function wantedOf({ microphone, camera, screens, on }: LocalTracks): Map<TrackSource, Wanted> {
  const wanted = new Map<TrackSource, Wanted>();
  if (microphone) wanted.set("microphone", { track: microphone, isMuted: !on.microphone });
  if (camera) wanted.set("camera", { track: camera, isMuted: !on.camera });
  for (const { source, picture, sound, isText, framesPerSecond } of screens) {
    wanted.set(source, { track: picture, isMuted: false, isText, framesPerSecond });
    if (sound) wanted.set(SOUND_OF[source], { track: sound, isMuted: false });
  }
  return wanted;
}

class SentSource {
  #wanted: Wanted | null = null;
  #sent: Sent | null = null;
  /** Also those that are about to be sent, or to be sent no longer. */
  readonly #copies = new Set<MediaStreamTrack>();
  /** Whether the source that is about to be sent begins muted. */
  #beginsMuted = false;
  #isWorking = false;
  #isClosed = false;
  readonly #backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  #wake: () => void = () => {};

  constructor(
    private readonly source: TrackSource,
    private readonly connection: Sending,
    private readonly changed: () => void,
  ) {}

  get media(): SentMedia | null {
    return this.#sent?.media ?? null;
  }

  get isDone(): boolean {
    return !this.#isWorking && this.#nextStep() === null;
  }

  get hasFailed(): boolean {
    return this.#backoff.attempts >= MOST_TRIES;
  }

  want(wanted: Wanted | null): void {
    const before = this.#wanted;
    this.#wanted = wanted;
    if (wanted?.track !== before?.track) {
      this.#backoff.reset();
      this.#wake();
    }
    this.#switch();
    void this.#work();
  }

  review(): void {
    if (!this.hasFailed) void this.#work();
  }

  close(): void {
    this.#isClosed = true;
    this.#wanted = null;
    this.#wake();
    for (const copy of this.#copies) copy.stop();
    this.#copies.clear();
  }

  /** Silences at once what is off, whatever the SFU's client is busy with; it enables tracks by itself. */
  #switch(): void {
    const isMuted = this.#sent?.media.isMuted ?? this.#beginsMuted;
    const isOn = this.#wanted?.isMuted === false && !isMuted;
    for (const copy of this.#copies) copy.enabled = isOn;
  }

  async #work(): Promise<void> {
    if (this.#isWorking || this.#isClosed || this.#nextStep() === null) return;
    this.#isWorking = true;
    for (let step = this.#nextStep(); step && !this.#isClosed; step = this.#nextStep()) {
      if (!(await this.#try(step))) break;
    }
    this.#isWorking = false;
    if (!this.#isClosed) this.changed();
  }

  /** Returns false where it is not tried again. */
  async #try(step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      this.#backoff.reset();
      return true;
    } catch (error) {
      if (this.#isClosed) return false;
      console.warn(`Sending to the SFU: ${this.source}`, error);
      const pauseMs = this.#backoff.nextMs();
      if (this.hasFailed) return false;
      await this.#pause(pauseMs);
      return true;
    } finally {
      this.#switch();
    }
  }

  /** Waits until it is time for another try, or until there is something else to send. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #nextStep(): (() => Promise<void>) | null {
    const wanted = this.#wanted;
    const sent = this.#sent;
    if (!wanted) {
      if (!sent) return null;
      if (!this.#isKept) return () => this.#stop(sent);
      if (!sent.media.isMuted) return () => sent.media.mute(true);
      return sent.original ? () => this.#rest(sent) : null;
    }
    if (!sent) return () => this.#begin(wanted);
    if (sent.original !== wanted.track) return () => this.#replace(sent, wanted);
    const { isMuted } = wanted;
    return sent.media.isMuted === isMuted ? null : () => sent.media.mute(isMuted);
  }

  /** A camera or a microphone that is off comes back sooner where the SFU keeps its place. */
  get #isKept(): boolean {
    return this.source === "camera" || this.source === "microphone";
  }

  async #begin({ track, ...options }: Wanted): Promise<void> {
    const copy = this.#copyOf(track);
    this.#beginsMuted = options.isMuted;
    try {
      const publishing = this.connection.publish(this.source, copy, options);
      // LiveKit enables the track within this turn, before anything of it is sent.
      setTimeout(() => this.#switch());
      const media = await publishing;
      this.#sent = { media, original: track, copy };
    } catch (error) {
      this.#drop(copy);
      throw error;
    }
  }

  async #replace(sent: Sent, { track }: Wanted): Promise<void> {
    const copy = this.#copyOf(track);
    this.#switch();
    try {
      await sent.media.replace(copy);
    } catch (error) {
      this.#drop(copy);
      throw error;
    }
    this.#drop(sent.copy);
    sent.copy = copy;
    sent.original = track;
  }

  /** Lets the device go. */
  async #rest(sent: Sent): Promise<void> {
    this.#drop(sent.copy);
    sent.original = null;
  }

  async #stop(sent: Sent): Promise<void> {
    this.#sent = null;
    this.#drop(sent.copy);
    await sent.media.stop();
  }

  /** A copy shares the device and has a switch of its own. */
  #copyOf(track: MediaStreamTrack): MediaStreamTrack {
    const copy = track.clone();
    copy.contentHint = track.contentHint;
    this.#copies.add(copy);
    return copy;
  }

  #drop(copy: MediaStreamTrack): void {
    this.#copies.delete(copy);
    copy.stop();
  }
}
