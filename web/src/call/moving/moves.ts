import type { CallTopology } from "../../wire.gen";

/** A way in which media travel; `epoch` is null for the mesh that a call begins with. */
export interface Way {
  readonly epoch: string | null;
  readonly kind: CallTopology["kind"];
  /** Whether the peers of the mesh have data channels. */
  readonly channels: boolean;
  /** Whether what passes an SFU is encrypted end to end; what goes over the mesh always is. */
  readonly encrypted: boolean;
}

/** The way to which the call moves, and those from which it does; none of these once the move is settled. */
export interface MoveState {
  readonly current: Way;
  readonly former: readonly Way[];
}

export const MESH: MoveState = {
  current: { epoch: null, kind: "mesh", channels: true, encrypted: true },
  former: [],
};

/** More ways at a time would cost more than a frozen picture. */
const MOST_FORMER = 2;

/**
 * The state after the server has said how media travel. A move that is not settled may give way to the next. Whether
 * an SFU gets encrypted media is what the server said first of the epoch: later words change nothing of that.
 */
export function afterNews(state: MoveState, news: Omit<CallTopology, "url" | "token">): MoveState {
  const { epoch, kind, channels, settled } = news;
  const same = waysOf(state).find((way) => way.kind === "sfu" && way.epoch === epoch);
  const encrypted = kind === "mesh" || (same?.encrypted ?? news.encrypted === true);
  const current = { epoch, kind, channels, encrypted };
  if (settled) return { current, former: [] };
  const before = epoch === state.current.epoch ? state.former : [state.current, ...state.former];
  const former = before.filter((way) => !isSame(way, current)).slice(0, MOST_FORMER);
  return { current, former };
}

/** The state where a server that has lost its memory names no way: the mesh, beside the ways in use until it flows. */
export function afterNoNews({ current, former }: MoveState): MoveState {
  const before = [current, ...former].filter(({ kind }) => kind !== "mesh");
  if (before.length === 0) return MESH;
  return { current: MESH.current, former: before.slice(0, MOST_FORMER) };
}

/** All ways that media may take now, the one that is preferred first. */
export function waysOf({ current, former }: MoveState): readonly Way[] {
  return [current, ...former];
}

/** Whether media go this way as the SFU could read them. */
export function isOpen({ kind, encrypted }: Way): boolean {
  return kind === "sfu" && !encrypted;
}

/** The state without ways that an SFU could read, but for the current one. */
export function withoutOpenOnes({ current, former }: MoveState): MoveState {
  return { current, former: former.filter((way) => !isOpen(way)) };
}

/** There is one mesh, whatever the epoch; each epoch of an SFU is a room of its own. */
export function isSame(a: Way, b: Way): boolean {
  return a.kind === b.kind && (a.kind === "mesh" || a.epoch === b.epoch);
}
