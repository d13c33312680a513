import type { IceCandidate } from "../../wire.gen";

/** The most connections that are made before a join: each takes ports, and perhaps a place on a relay. */
export const MAX_PREPARED = 8;

/**
 * The peers to which connections were made before the join. Their signals are held back: until the join takes an
 * offer it gathers its candidates itself, and those that are found afterwards follow once the server says that the
 * peer got it.
 */
export class PreparedPeers {
  /** Candidates found since the offer was taken; null before. */
  readonly #later = new Map<string, IceCandidate[] | null>();

  add(peerID: string): void {
    this.#later.set(peerID, null);
  }

  has(peerID: string): boolean {
    return this.#later.has(peerID);
  }

  peerIDs(): string[] {
    return [...this.#later.keys()];
  }

  /** Notes that the offer is taken now. */
  noteTaken(peerID: string): void {
    this.#later.set(peerID, []);
  }

  /** Holds a candidate back; false where the peer is not prepared, or not any more. */
  hold(peerID: string, candidate: IceCandidate): boolean {
    this.#later.get(peerID)?.push(candidate);
    return this.#later.has(peerID);
  }

  /** Ends the preparation of a peer, and returns the candidates that were held back since its offer was taken. */
  release(peerID: string): readonly IceCandidate[] {
    const later = this.#later.get(peerID) ?? [];
    this.#later.delete(peerID);
    return later;
  }
}
