import type { Participant, RemoteScreen, ScreenSource } from "../../call/topology";

/** A rectangle of the stage: a person or a shared screen. */
export type StageTile =
  | { readonly kind: "participant"; readonly participant: Participant }
  | { readonly kind: "screen"; readonly participant: Participant; readonly screen: RemoteScreen }
  | { readonly kind: "own-screen"; readonly source: ScreenSource }
  | { readonly kind: "self" };

interface OwnTiles {
  readonly ownScreens: readonly ScreenSource[];
  readonly showsSelf: boolean;
}

/** Each participant with their screens beside them, and the viewer last. */
export function stageTiles(
  participants: readonly Participant[],
  { ownScreens, showsSelf }: OwnTiles,
): StageTile[] {
  const others = participants.flatMap((participant): StageTile[] => [
    { kind: "participant", participant },
    ...participant.screens.map((screen) => ({ kind: "screen" as const, participant, screen })),
  ]);
  return [
    ...others,
    ...ownScreens.map((source) => ({ kind: "own-screen" as const, source })),
    ...(showsSelf ? [{ kind: "self" as const }] : []),
  ];
}

export function tileKey(tile: StageTile): string {
  if (tile.kind === "screen") return screenKey(tile.participant, tile.screen);
  if (tile.kind === "own-screen") return `own ${tile.source}`;
  return tile.kind === "participant" ? `participant ${tile.participant.id}` : tile.kind;
}

/** The key of the tile of a participant's screen. */
export function screenKey({ id }: Pick<Participant, "id">, { source }: RemoteScreen): string {
  return `${source} ${id}`;
}
