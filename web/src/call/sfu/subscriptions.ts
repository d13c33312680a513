import type { PictureSource, PictureWishes } from "../quality/wishes";
import { SCREENS, type TrackSource } from "../topology";
import type { RemoteMedia, WantedMedia } from "./sfu-connection";

/** Up to so many voices, all are heard. */
export const ALL_VOICES = 25;
/** Of more, all that are on; and where more than so many are, the loudest, and for a while those who have spoken. */
export const LOUDEST = 9;
const HEARD_FOR_MS = 10_000;
/** Pictures that nobody looks at and that are kept, so that they come back at once; those shown last are. */
export const MOST_KEPT = 16;

const PICTURES: ReadonlySet<TrackSource> = new Set(["camera", ...SCREENS]);

interface Shown {
  readonly lines: number;
  /** The number of the latest wish that was for more than nothing. */
  readonly seenAt: number;
}

/** Decides what this browser gets of the others: the pictures that are wished for, and the voices that matter. */
export class Subscriptions {
  /** By participant and source; a source of which nothing is said stays as it is. */
  readonly #shown = new Map<string, Map<PictureSource, Shown>>();
  readonly #spokeAt = new Map<string, number>();
  #wishes = 0;
  /** No picture is wished for with more lines than these. */
  mostLines = Number.POSITIVE_INFINITY;

  wish(participant: string, wishes: PictureWishes): void {
    const shown = this.#shown.get(participant) ?? new Map<PictureSource, Shown>();
    this.#shown.set(participant, shown);
    for (const [source, lines] of Object.entries(wishes) as [PictureSource, number][]) {
      const seenAt = lines > 0 ? ++this.#wishes : (shown.get(source)?.seenAt ?? 0);
      shown.set(source, { lines, seenAt });
    }
  }

  keepOnly(participants: ReadonlySet<string>): void {
    for (const known of [this.#shown, this.#spokeAt]) {
      for (const id of known.keys()) if (!participants.has(id)) known.delete(id);
    }
  }

  /** What is wanted of each of these sources now; null for nothing. */
  decide(
    remote: readonly RemoteMedia[],
    speakers: readonly string[],
    now: number,
  ): Map<RemoteMedia, WantedMedia | null> {
    for (const speaker of speakers.slice(0, LOUDEST)) this.#spokeAt.set(speaker, now);
    const pictures = remote.filter(({ source }) => PICTURES.has(source));
    const sounds = remote.filter(({ source }) => !PICTURES.has(source));
    return new Map([...this.#ofPictures(pictures), ...this.#ofSounds(sounds, now)]);
  }

  #ofPictures(pictures: readonly RemoteMedia[]): [RemoteMedia, WantedMedia | null][] {
    const asShown = pictures.map((media) => ({ media, shown: this.#shownOf(media) }));
    const unseen = asShown.filter(({ shown }) => shown?.lines === 0);
    unseen.sort((a, b) => (b.shown?.seenAt ?? 0) - (a.shown?.seenAt ?? 0));
    const kept = new Set(unseen.slice(0, MOST_KEPT).map(({ media }) => media));
    return asShown.map(({ media, shown }) => {
      if (!shown) return [media, null];
      const { lines, seenAt } = shown;
      if (lines > 0) return [media, { isOn: true, lines: Math.min(lines, this.mostLines) }];
      return [media, seenAt > 0 && kept.has(media) ? { isOn: false } : null];
    });
  }

  #ofSounds(sounds: readonly RemoteMedia[], now: number): [RemoteMedia, WantedMedia | null][] {
    const voices = sounds.filter(({ source }) => source === "microphone");
    const isAll = voices.length <= ALL_VOICES;
    // Who is heard by the SFU first, and by this browser later, loses the first word.
    const hearsOpen = voices.filter(({ isMuted }) => !isMuted).length <= ALL_VOICES;
    return sounds.map((media) => {
      const { participant, source, isMuted } = media;
      const isOpen = hearsOpen && !isMuted;
      const isHeard = isAll || isOpen || source !== "microphone" || this.#matters(participant, now);
      return [media, isHeard ? { isOn: true } : null];
    });
  }

  #matters(participant: string, now: number): boolean {
    const spokeAt = this.#spokeAt.get(participant);
    if (spokeAt !== undefined && now - spokeAt < HEARD_FOR_MS) return true;
    const shown = this.#shown.get(participant)?.values() ?? [];
    return [...shown].some(({ lines }) => lines > 0);
  }

  #shownOf({ participant, source }: RemoteMedia): Shown | undefined {
    return this.#shown.get(participant)?.get(source as PictureSource);
  }
}
