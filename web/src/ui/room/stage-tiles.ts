import type { Participant, RemoteScreen, ScreenSource } from "../../call/topology";

/** A rectangle of the stage: a person or a shared screen. */
export type StageTile =
  | { readonly kind: "participant"; readonly participant: Participant }
  | { readonly kind: "screen"; readonly participant: Participant; readonly screen: RemoteScreen }
  | { readonly kind: "own-screen"; readonly source: ScreenSource }
  | { readonly kind: "self" };

/** Each participant with their screens beside them, and the viewer last. */
export function stageTiles(
  participants: readonly Participant[],
  { ownScreens }: { ownScreens: readonly ScreenSource[] },
): StageTile[] {
  const others = participants.flatMap((participant): StageTile[] => [
    { kind: "participant", participant },
    ...participant.screens.map((screen) => ({ kind: "screen" as const, participant, screen })),
  ]);
  const own = ownScreens.map((source) => ({ kind: "own-screen" as const, source }));
  return [...others, ...own, { kind: "self" }];
}

export function tileKey(tile: StageTile): string {
  if (tile.kind === "screen") return screenKey(tile.participant, tile.screen);
  if (tile.kind === "own-screen") return `own ${tile.source}`;
  return tile.kind === "participant" ? `participant ${tile.participant.id}` : tile.kind;
}

export function screenKey({ id }: Pick<Participant, "id">, { source }: RemoteScreen): string {
  return `${source} ${id}`;
}
