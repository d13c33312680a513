import type { PictureSource, PictureWishes } from "../quality/wishes";
import { type LocalScreen, SCREENS, type ScreenSource } from "../topology";

/** How we talk of our screens to clients that know of one alone, and are sent the one that was shared last. */
export class OneScreenAlone {
  #newest: ScreenSource | null = null;

  /** Takes the screens that we share; true where another one is the newest now. */
  publish(screens: readonly LocalScreen[]): boolean {
    const before = this.#newest;
    this.#newest = screens.at(-1)?.source ?? null;
    return before !== null && this.#newest !== null && before !== this.#newest;
  }

  /** What such a client wants, in our terms: of the others nothing. */
  meant({ camera, screen }: PictureWishes): PictureWishes {
    const wishes: Partial<Record<PictureSource, number>> = {};
    if (camera !== undefined) wishes.camera = camera;
    for (const source of SCREENS) {
      if (source !== (this.#newest ?? "screen")) wishes[source] = 0;
      else if (screen !== undefined) wishes[source] = screen;
    }
    return wishes;
  }

  /** Those of our sources, in the terms of such a client. */
  told(sources: readonly PictureSource[]): PictureSource[] {
    return sources.flatMap((source): PictureSource[] => {
      if (source === "camera") return [source];
      return source === this.#newest ? ["screen"] : [];
    });
  }
}
