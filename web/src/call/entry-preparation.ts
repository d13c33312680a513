import type { Signaling } from "../signaling";
import { Store } from "../store";
import type { IceConfiguration, PeerEntry, ServerRecording } from "../wire.gen";
import { bestEffort } from "./best-effort";
import type { LocalMedia } from "./media";
import { TOPOLOGIES } from "./resumable-signaling";
import type { PreparableTopology, PreparedTopology } from "./topology";

/** The shortest pause between two questions who is in, however often that changes. */
export const ASK_EVERY_MS = 1_000;
/**
 * The age at which prepared connections are made anew. Routers forget the addresses that they gave to a connection
 * which carries nothing (RFC 4787, section 4.3: after two minutes at the earliest).
 */
export const RENEW_MS = 60_000;

/** The longest that a click on "enter" waits to know whether somebody records the call. */
export const KNOWN_WITHIN_MS = 2_000;

export interface PreparationParts {
  readonly room: string;
  readonly signaling: Pick<Signaling, "link" | "on" | "prepare">;
  readonly media: Pick<LocalMedia, "outgoing">;
  /** Settled once the devices are open: before that, a browser hides its addresses behind names. */
  readonly mediaReady: Promise<void>;
  readonly topologies: {
    /** Fetches what connections need. */
    prepare(): Promise<void>;
    /** Takes what an acknowledgement says of the ways that media may take. */
    learn(ice: IceConfiguration | undefined): void;
    /** Null where this client does not know the topology. */
    create(name: string): PreparableTopology | null;
  };
  /** A page that nobody sees keeps no connections. */
  isVisible(): boolean;
  watchNetwork(changed: () => void): () => void;
}

/**
 * What is done for a call while its person is in the lobby: it asks who is in, and makes connections and offers for
 * them, so that a join can bring the offers along. Whatever fails here is left out: then the join does without it.
 */
export class EntryPreparation {
  /** The people in the call, as far as the server tells. */
  readonly present = new Store<readonly PeerEntry[]>([]);
  /** What the server records of the call; null where it does not. */
  readonly recording = new Store<ServerRecording | null>(null);
  /** Settles when the server has told for the first time who is there, at the latest after `KNOWN_WITHIN_MS`. */
  readonly known: Promise<void>;
  #know: () => void = () => {};
  #isKnown = false;
  #prepared: PreparedTopology | null = null;
  /** The topology of the call; null where it is not known. */
  #name: string | null = null;
  /** Whether the call makes no connections from browser to browser. */
  #isLarge = false;
  #isReady = false;
  #isAsking = false;
  #isStale = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stop: (() => void)[] = [];

  constructor(private readonly parts: PreparationParts) {
    this.known = new Promise((resolve) => {
      this.#know = () => {
        this.#isKnown = true;
        resolve();
      };
    });
  }

  /** Whether `known` has settled: then nobody has to wait for it. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  start(): void {
    const { signaling, media, mediaReady, room } = this.parts;
    const renewing = setInterval(() => this.#renew(), RENEW_MS);
    setTimeout(this.#know, KNOWN_WITHIN_MS);
    const ask = () => this.#ask();
    this.#stop = [
      () => clearInterval(renewing),
      signaling.link.subscribe(ask),
      signaling.on("call-changed", (changed) => changed.room === room && ask()),
      media.outgoing.subscribe(() => this.#prepared?.topology.publish(media.outgoing.get())),
      this.parts.watchNetwork(() => this.#renew()),
    ];
    const ready = () => {
      this.#isReady = true;
      this.#connect();
    };
    mediaReady.then(ready, ready);
    this.#ask();
  }

  /** Hands over what is prepared, for the join, and ends the preparation. */
  take(): PreparedTopology | null {
    const prepared = this.#prepared;
    this.#prepared = null;
    this.close();
    return prepared;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stop) stop();
    this.#stop = [];
    this.#prepared?.topology.close();
    this.#prepared = null;
  }

  get #isClosed(): boolean {
    return this.#stop.length === 0;
  }

  #ask(): void {
    clearTimeout(this.#timer);
    const waitMs = this.#askedAt + ASK_EVERY_MS - performance.now();
    if (this.#isAsking) this.#isStale = true;
    else if (waitMs > 0) this.#timer = setTimeout(() => this.#ask(), waitMs);
    else void this.#askNow();
  }

  async #askNow(): Promise<void> {
    const { signaling, topologies, room } = this.parts;
    if (signaling.link.get() !== "online") return;
    this.#askedAt = performance.now();
    this.#isAsking = true;
    this.#isStale = false;
    const [answer] = await Promise.all([
      signaling.prepare({ room, topologies: TOPOLOGIES }),
      topologies.prepare(),
    ]);
    this.#isAsking = false;
    if (this.#isClosed) return;
    this.present.set(answer.ok ? answer.peers : []);
    this.recording.set((answer.ok && answer.recording) || null);
    this.#know();
    if (answer.ok) topologies.learn(answer.ice);
    this.#name = answer.ok ? answer.topology : null;
    this.#isLarge = answer.ok && answer.move?.channels === false;
    this.#connect();
    if (this.#isStale) this.#ask();
  }

  #connect(): void {
    const peers = this.#isLarge ? [] : this.present.get();
    if (!this.#isReady || this.#isClosed) return;
    bestEffort("preparing connections", () => {
      if (peers.length > 0) this.#prepared ??= this.#create();
      this.#prepared?.topology.prepare(this.parts.isVisible() ? peers : []);
    });
  }

  #create(): PreparedTopology | null {
    const topology = this.#name === null ? null : this.parts.topologies.create(this.#name);
    topology?.publish(this.parts.media.outgoing.get());
    return topology && { name: this.#name ?? "", topology };
  }

  /** Makes everything anew: addresses and credentials grow old, and a network may have changed. */
  #renew(): void {
    this.#prepared?.topology.prepare([]);
    this.#ask();
  }
}
