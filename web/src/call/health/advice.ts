import type { Unreachable } from "../topology";
import { type Mark, mostly, type Standing } from "./mark";
import type { HealthWindow, MediaPath } from "./window";

/** What advice looks at: the connection to one participant. */
export interface Connection {
  readonly id: string;
  readonly standing: Standing | null;
  readonly windows: readonly HealthWindow[];
  /** Set where no way to the participant is found. */
  readonly unreachable?: Unreachable | null;
}

/** Why a call does badly, as far as this browser can tell, for words that say what to do. */
export type Advice =
  /** No way to this participant is found. */
  | { readonly kind: "no-way"; readonly id: string; readonly unreachable: Unreachable }
  /** This computer is too busy to encode pictures. */
  | { readonly kind: "cpu" }
  /** Most connections do badly: what they share is our own line. */
  | { readonly kind: "own-line"; readonly isSevere: boolean }
  /** This connection does badly while the others do well. */
  | { readonly kind: "their-line"; readonly id: string }
  /** The only connection does badly: it may be either end. */
  | { readonly kind: "line-between"; readonly id: string; readonly isSevere: boolean }
  /** Media of a connection that does badly take the way through a relay. */
  | { readonly kind: "relay"; readonly id: string; readonly transport: MediaPath["transport"] };

/** The most pieces of advice at once: nobody follows more. */
const MOST = 4;

/** What is wrong, the first being what helps most. Empty where all is well. */
export function adviceFor(connections: readonly Connection[]): Advice[] {
  const known = connections.filter(({ standing }) => standing !== null);
  const weak = known.filter(({ standing }) => standing?.mark !== "good");
  return [
    ...ofWays(connections),
    ...ofComputer(connections),
    ...ofLines(known, weak),
    ...ofRelays(weak),
  ].slice(0, MOST);
}

/**
 * The standing of our own end: of the better half of the connections, since one other person with a bad line says
 * nothing about ours. Null where nothing is known yet.
 */
export function ownStanding(connections: readonly Connection[]): Standing | null {
  const standings = connections.flatMap(({ standing }) => standing ?? []);
  return (
    standings.sort((a, b) => rank(a) - rank(b))[Math.floor((standings.length - 1) / 2)] ?? null
  );
}

function ofWays(connections: readonly Connection[]): Advice[] {
  return connections.flatMap(({ id, unreachable }): Advice[] =>
    unreachable ? [{ kind: "no-way", id, unreachable }] : [],
  );
}

function ofComputer(connections: readonly Connection[]): Advice[] {
  const isBusy = connections.some(({ windows }) => mostly(windows, ({ limit }) => limit === "cpu"));
  return isBusy ? [{ kind: "cpu" }] : [];
}

function ofLines(known: readonly Connection[], weak: readonly Connection[]): Advice[] {
  const severe = weak.filter(({ standing }) => standing?.isSevere);
  const isSevere = severe.length * 2 > known.length;
  const [only] = weak;
  if (known.length === 1 && only) return [{ kind: "line-between", id: only.id, isSevere }];
  if (weak.length * 2 > known.length) return [{ kind: "own-line", isSevere }];
  return weak.map(({ id }) => ({ kind: "their-line", id }));
}

function ofRelays(weak: readonly Connection[]): Advice[] {
  return weak.flatMap(({ id, windows }): Advice[] => {
    const path = windows.at(-1)?.path;
    return path?.isRelayed ? [{ kind: "relay", id, transport: path.transport }] : [];
  });
}

const RANKS: Record<Mark, number> = { good: 0, fair: 1, poor: 2 };

function rank({ mark, isSevere }: Standing): number {
  return RANKS[mark] + (isSevere ? 1 : 0);
}
