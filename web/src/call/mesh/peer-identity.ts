/**
 * Which certificates a peer has (their DTLS fingerprints, RFC 8122). Ours keep theirs for as long as a visit
 * lasts, over restarts of ICE and connections that take each other's place, so that no honest reconnect
 * explains other ones: then somebody may have put himself in between.
 */
export class PeerIdentity {
  #fingerprints: string | null = null;
  #changed = false;

  /** Stays true: whoever was in between may have heard something. */
  get changed(): boolean {
    return this.#changed;
  }

  /** The connection stands, and its code can be compared from now on. */
  settle(fingerprints: string): void {
    this.#fingerprints ??= fingerprints || null;
    this.see(fingerprints);
  }

  /** What a description names; true where that is the first sign of a change. */
  see(fingerprints: string): boolean {
    if (this.#changed || !this.differs(fingerprints)) return false;
    this.#changed = true;
    return true;
  }

  /** From those of the connection that stood first. */
  differs(fingerprints: string): boolean {
    return (
      this.#fingerprints !== null && fingerprints !== "" && fingerprints !== this.#fingerprints
    );
  }
}

const KEPT = 1024;

/** By peer, and beyond a connection's end: a server could let somebody leave and come for a moment. */
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
