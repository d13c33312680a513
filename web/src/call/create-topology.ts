import type { Joined } from "../wire.gen";
import type { Files } from "./files/files";
import type { IceSource } from "./mesh/ice";
import { Mesh } from "./mesh/mesh";
import type { ResumableSignaling } from "./resumable-signaling";
import type { PreparableTopology } from "./topology";

export interface TopologyParts {
  readonly signaling: ResumableSignaling;
  readonly ice: IceSource;
  /** The most people in one call besides this one, as the server says. */
  readonly maxPeers: number | undefined;
  readonly files: Files;
}

type TopologyName = NonNullable<Joined["topology"]>;

/**
 * Builds each topology by the name that the acknowledgement of `join` gives it. The type of the names is generated
 * from the server's, so the compiler asks for an entry here for each that the server may name.
 */
const TOPOLOGIES: Readonly<Record<TopologyName, (parts: TopologyParts) => PreparableTopology>> = {
  mesh: (parts) => new Mesh(parts),
};

export function createTopology(name: string, parts: TopologyParts): PreparableTopology | null {
  const isKnown = (name: string): name is TopologyName => Object.hasOwn(TOPOLOGIES, name);
  return isKnown(name) ? TOPOLOGIES[name](parts) : null;
}
