import { type StageTile, tileKey } from "./stage-tiles";

/** Ways to arrange the tiles: everybody alike, or the person who speaks large. */
export const ARRANGEMENTS = ["grid", "speaker"] as const;
export type Arrangement = (typeof ARRANGEMENTS)[number];

/** The most tiles that are pinned at once; the one pinned first gives way. */
export const MOST_PINNED = 4;

/** What may bring a tile into the large place. */
export interface Attention {
  readonly arrangement: Arrangement;
  /** Keys of tiles, the one pinned last at the end. */
  readonly pinned: readonly string[];
  /** Key of the shared screen that is looked at. */
  readonly screen: string | null;
  /** Id of the participant who speaks, or spoke last. */
  readonly speaker: string | null;
}

/**
 * Gives the indexes of the tiles in the large place, in ascending order: what is pinned, and a shared screen unless
 * one is pinned. Where there is neither, the arrangement for speakers has the speaker there, or the first person until somebody
 * speaks. Never the viewer.
 */
export function largeTiles(tiles: readonly StageTile[], attention: Attention): number[] {
  const { arrangement, pinned, screen, speaker } = attention;
  const candidates = tiles.flatMap((tile, index) =>
    "participant" in tile ? [{ index, tile, key: tileKey(tile) }] : [],
  );
  const chosen = candidates.filter(({ key }) => pinned.includes(key));
  if (!chosen.some(({ tile }) => tile.kind === "screen")) {
    chosen.push(...candidates.filter(({ key }) => key === screen));
  }
  if (chosen.length > 0) return chosen.map(({ index }) => index).sort((a, b) => a - b);
  if (arrangement !== "speaker") return [];
  const people = candidates.filter(({ tile }) => tile.kind === "participant");
  const speaking = people.find(({ tile }) => tile.participant.id === speaker) ?? people[0];
  return speaking ? [speaking.index] : [];
}

/** Gives the index of the one tile that is looked at: the first in the large place, or that of the speaker. */
export function focusOf(
  tiles: readonly StageTile[],
  { large, speaker }: { large: readonly number[]; speaker: string | null },
): number {
  const [first] = large;
  if (first !== undefined) return first;
  const speaking = tiles.findIndex(
    (tile) => tile.kind === "participant" && tile.participant.id === speaker,
  );
  return Math.max(speaking, 0);
}

/** Pins a tile, or takes its pin away. */
export function withPin(pinned: readonly string[], key: string): readonly string[] {
  if (pinned.includes(key)) return pinned.filter((other) => other !== key);
  return [...pinned, key].slice(-MOST_PINNED);
}
