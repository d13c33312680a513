import { withBasePath } from "../base-path";
import type { Store } from "../store";
import type { Joined } from "../wire.gen";
import type { MemberKeys } from "./e2ee/member-keys";
import type { Files } from "./files/files";
import type { IceSource } from "./mesh/ice";
import { Mesh } from "./mesh/mesh";
import { MovingTopology, type WayToOpen } from "./moving/moving-topology";
import type { ResumableSignaling } from "./resumable-signaling";
import { SfuTopology } from "./sfu/sfu-topology";
import type { CallEncryption, PreparableTopology } from "./topology";

export interface TopologyParts {
  readonly signaling: ResumableSignaling;
  readonly ice: IceSource;
  /** The most people in one call besides this one, as the server says. */
  readonly maxPeers: number | undefined;
  readonly files: Files;
  readonly keys: MemberKeys;
  readonly encryption: Store<CallEncryption>;
}

type TopologyName = NonNullable<Joined["topology"]>;

/**
 * Builds each topology by the name that the acknowledgement of `join` gives it. The type of the names is generated
 * from the server's, so the compiler asks for an entry here for each that the server may name.
 */
const TOPOLOGIES: Readonly<Record<TopologyName, (parts: TopologyParts) => PreparableTopology>> = {
  // A call begins with a mesh, and moves where the server says so.
  mesh: (parts) => {
    const { signaling, ice, keys, encryption: told } = parts;
    const openSfu = ({ url, token, encryption }: WayToOpen) =>
      new SfuTopology({ signaling, ice, encryption, way: { url: socketUrl(url), token } });
    return new MovingTopology({
      signaling,
      keys,
      encryption: told,
      mesh: new Mesh(parts),
      openSfu,
    });
  },
};

export function createTopology(name: string, parts: TopologyParts): PreparableTopology | null {
  const isKnown = (name: string): name is TopologyName => Object.hasOwn(TOPOLOGIES, name);
  return isKnown(name) ? TOPOLOGIES[name](parts) : null;
}

/** The absolute URL of an SFU; a path goes on from this server's address. */
function socketUrl(url: string): string {
  const absolute = new URL(withBasePath(url), location.href);
  absolute.protocol = absolute.protocol.replace(/^http/, "ws");
  return absolute.href;
}
