import type { Participant } from "../../call/topology";

/** A rectangle of the stage: a person or a shared screen. */
export type StageTile =
  | { readonly kind: "participant"; readonly participant: Participant }
  | { readonly kind: "screen"; readonly participant: Participant }
  | { readonly kind: "own-screen" }
  | { readonly kind: "self" };

interface OwnTiles {
  readonly sharesScreen: boolean;
  readonly showsSelf: boolean;
}

/** Each participant with their screen beside them, and the viewer last. */
export function stageTiles(
  participants: readonly Participant[],
  { sharesScreen, showsSelf }: OwnTiles,
): StageTile[] {
  const others = participants.flatMap((participant): StageTile[] => [
    { kind: "participant", participant },
    ...(participant.tracks.screen.on ? [{ kind: "screen" as const, participant }] : []),
  ]);
  return [
    ...others,
    ...(sharesScreen ? [{ kind: "own-screen" as const }] : []),
    ...(showsSelf ? [{ kind: "self" as const }] : []),
  ];
}

export function tileKey(tile: StageTile): string {
  return "participant" in tile ? `${tile.kind} ${tile.participant.id}` : tile.kind;
}
