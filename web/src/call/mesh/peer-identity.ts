/**
 * The certificates of a peer, by their DTLS fingerprints (RFC 8122). A client of Parlour keeps its certificate for
 * a whole participation, over restarts of ICE and replaced connections. So no honest reconnect changes it, and a
 * changed one may mean a man in the middle.
 */
export class PeerIdentity {
  #fingerprints: string | null = null;
  #changed = false;

  /** Whether the certificate has changed. It stays true, since a man in the middle may have heard something. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Keeps the certificate of the first connection that connected: its code can be compared from now on. */
  settle(fingerprints: string): void {
    this.#fingerprints ??= fingerprints || null;
    this.see(fingerprints);
  }

  /** Checks the fingerprints of a description; true where they are the first sign of a change. */
  see(fingerprints: string): boolean {
    if (this.#changed || !this.differs(fingerprints)) return false;
    this.#changed = true;
    return true;
  }

  /** Whether fingerprints differ from those of the first connection. */
  differs(fingerprints: string): boolean {
    return (
      this.#fingerprints !== null && fingerprints !== "" && fingerprints !== this.#fingerprints
    );
  }
}

const KEPT = 1024;

/** Identities by peer. They outlive connections: else a dishonest server could fake a leave and a return. */
export class PeerIdentities {
  readonly #known = new Map<string, PeerIdentity>();

  of(peerID: string): PeerIdentity {
    const known = this.#known.get(peerID) ?? new PeerIdentity();
    this.#known.delete(peerID);
    this.#known.set(peerID, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }
}
