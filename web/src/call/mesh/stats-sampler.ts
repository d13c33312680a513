import { type ConnectionSample, readSample, type StatsReport } from "./connection-sample";

/** The part of RTCPeerConnection that is sampled. */
export interface SampledConnection {
  readonly connectionState: RTCPeerConnectionState;
  getStats(): Promise<StatsReport>;
}

export type SampleListener = (peerID: string, sample: ConnectionSample) => void;

export interface Subscription {
  /** Whether samples are needed while the page is hidden, too. */
  readonly whenHidden: boolean;
}

export interface SamplerParts {
  now(): number;
  isHidden(): boolean;
}

export const SAMPLE_EVERY_MS = 2_000;

const BROWSER: SamplerParts = {
  now: () => performance.now(),
  isHidden: () => globalThis.document?.visibilityState === "hidden",
};

interface Source {
  readonly connection: SampledConnection;
  /** Whether its statistics are being collected: a connection that takes long is not asked twice at once. */
  isAsked: boolean;
}

/**
 * Reads the statistics of all connections of a mesh, once each two seconds for all who need them: a report costs a
 * browser about a millisecond for each connection. Nothing is read while nobody has subscribed.
 */
export class StatsSampler {
  readonly #sources = new Map<string, Source>();
  readonly #listeners = new Map<SampleListener, Subscription>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly parts: SamplerParts = BROWSER) {}

  /** Samples this connection in the place of the one that the peer had. */
  follow(peerID: string, connection: SampledConnection): void {
    this.#sources.set(peerID, { connection, isAsked: false });
  }

  forget(peerID: string): void {
    this.#sources.delete(peerID);
  }

  /** Returns how to end the subscription. */
  subscribe(listener: SampleListener, subscription: Subscription): () => void {
    this.#listeners.set(listener, subscription);
    this.#timer ??= setInterval(() => this.#tick(), SAMPLE_EVERY_MS);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const wanting = this.#wanting();
    if (wanting.length === 0) return;
    for (const [peerID, source] of this.#sources) {
      if (source.isAsked || source.connection.connectionState !== "connected") continue;
      void this.#sample(peerID, source);
    }
  }

  async #sample(peerID: string, source: Source): Promise<void> {
    source.isAsked = true;
    try {
      const sample = readSample(await source.connection.getStats(), this.parts.now());
      if (this.#sources.get(peerID) !== source) return;
      for (const listener of this.#wanting()) listener(peerID, sample);
    } catch (error) {
      console.warn("Statistics", error);
    } finally {
      source.isAsked = false;
    }
  }

  #wanting(): SampleListener[] {
    const isHidden = this.parts.isHidden();
    return [...this.#listeners]
      .filter(([, { whenHidden }]) => whenHidden || !isHidden)
      .map(([listener]) => listener);
  }
}
