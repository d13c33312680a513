import type { StatsReport } from "../mesh/connection-sample";
import type { SampledConnection } from "../mesh/stats-sampler";
import type { RemoteMedia, SentMedia } from "./sfu-connection";

/** What is sent is the same for all participants: one look at it serves those of a round. */
const SHARED_FOR_MS = 1_000;

export interface MeasuredMedia {
  readonly isConnected: boolean;
  readonly sent: readonly SentMedia[];
  readonly remoteOf: (participant: string) => readonly RemoteMedia[];
}

/**
 * The statistics between this browser and each participant, in the form of a peer connection to them: what comes of
 * their sources, and what this browser sends to the SFU.
 */
export class SfuStats {
  #ours: Promise<StatsReport[]> | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly media: MeasuredMedia,
    private readonly now: () => number = () => performance.now(),
  ) {}

  of(participant: string): SampledConnection {
    const received = () => this.media.remoteOf(participant).filter(({ track }) => track !== null);
    const isConnected = () => this.media.isConnected && received().length > 0;
    return {
      get connectionState() {
        return isConnected() ? "connected" : "connecting";
      },
      getStats: async () => joined([...(await this.#sent()), ...(await reportsOf(received()))]),
    };
  }

  #sent(): Promise<StatsReport[]> {
    const now = this.now();
    if (this.#ours === null || now - this.#askedAt > SHARED_FOR_MS) {
      this.#askedAt = now;
      this.#ours = reportsOf(this.media.sent);
    }
    return this.#ours;
  }
}

async function reportsOf(media: readonly (SentMedia | RemoteMedia)[]): Promise<StatsReport[]> {
  const reports = await Promise.all(media.map((one) => one.stats()));
  return reports.filter((report) => report !== null);
}

/** One report of several. Both directions go to the same SFU, so that the transport of the first one stands for all. */
function joined(reports: readonly StatsReport[]): StatsReport {
  const entries = new Map<string, unknown>();
  let hasTransport = false;
  for (const report of reports) {
    report.forEach((stats) => {
      const { id, type } = stats as { id: string; type: string };
      const isTransport = type === "transport";
      if (isTransport && hasTransport) return;
      hasTransport ||= isTransport;
      entries.set(id, stats);
    });
  }
  return entries;
}
