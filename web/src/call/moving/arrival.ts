import type { PictureWishes } from "../quality/wishes";
import { ALL_VOICES } from "../sfu/subscriptions";
import type { Participant, RemoteTrack } from "../topology";
import type { MeasuredPath } from "./paths";

/** A source that has to come by the new path before the old one may end; its track is null until there is one. */
interface Expected {
  readonly participant: string;
  readonly track: MediaStreamTrack | null;
}

/** Tells whether the media that are shown and heard come by a path, as far as the browser has decoded them. */
export class Arrival {
  /** What had come of a track before: a mesh has the same tracks as before it was left. */
  readonly #before = new Map<MediaStreamTrack, number>();
  readonly #come = new WeakSet<MediaStreamTrack>();

  constructor(
    private readonly path: MeasuredPath,
    private readonly changed: () => void,
  ) {}

  /** Whether something of a track has been decoded, as of the latest look. */
  hasCome(track: MediaStreamTrack): boolean {
    return this.#come.has(track);
  }

  /** Notes what has come so far, where only what comes from now on counts. */
  async begin(): Promise<void> {
    for (const { id, tracks, screens } of this.path.participants.get()) {
      for (const { track } of [tracks.microphone, tracks.camera, ...screens]) {
        if (track) this.#before.set(track, await this.path.received(id, track));
      }
    }
  }

  /** Looks at what has come since. `shown` says what is on, `wishes` what is looked at. */
  async isComplete(
    shown: readonly Participant[],
    wishes: ReadonlyMap<string, PictureWishes>,
  ): Promise<boolean> {
    const expected = this.#expected(shown, wishes);
    const have = await Promise.all(expected.map((one) => this.#hasCome(one)));
    return have.every((has) => has);
  }

  #expected(shown: readonly Participant[], wishes: ReadonlyMap<string, PictureWishes>): Expected[] {
    const here = new Map(this.path.participants.get().map((one) => [one.id, one]));
    const hearsAll = shown.length <= ALL_VOICES;
    return shown.flatMap(({ id, tracks, screens }) => {
      const wished = wishes.get(id) ?? {};
      const isSeen = (source: keyof PictureWishes) => (wished[source] ?? 0) > 0;
      const come = here.get(id);
      const trackOf = (remote: RemoteTrack | undefined) => remote?.track ?? null;
      const expected: Expected[] = [];
      const expect = (remote: RemoteTrack | undefined) =>
        expected.push({ participant: id, track: trackOf(remote) });
      if (tracks.microphone.on === true && (hearsAll || trackOf(come?.tracks.microphone))) {
        expect(come?.tracks.microphone);
      }
      if (tracks.camera.on === true && isSeen("camera")) expect(come?.tracks.camera);
      for (const { source } of screens) {
        if (isSeen(source)) expect(come?.screens.find((screen) => screen.source === source));
      }
      return expected;
    });
  }

  async #hasCome({ participant, track }: Expected): Promise<boolean> {
    if (!track) return false;
    if (this.#come.has(track)) return true;
    const received = await this.path.received(participant, track);
    if (received <= (this.#before.get(track) ?? 0)) return false;
    this.#come.add(track);
    this.changed();
    return true;
  }
}
