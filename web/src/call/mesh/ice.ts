import type { IceConfiguration, IceServer, IceServers } from "../../wire.gen";
import { within } from "../within";

const RENEW_AHEAD_MS = 60_000;
const AT_MOST_EVERY_MS = 5_000;
/** After a renewal that failed; the servers known so far stay. */
const RETRY_MS = 15_000;
/** Time limit for the server's answer, since connections wait for it. */
const ANSWER_WITHIN_MS = 3_000;

/** What acknowledgements and `GET /ice` have in common. */
type KnownIce = Omit<IceServers, "expires_at">;

/**
 * The configuration of peer connections: the ICE servers (STUN and TURN), fetched anew before their credentials
 * expire, and the one certificate of this participation.
 */
export class IceSource {
  #known: KnownIce = { iceServers: [] };
  /** Of the room, as far as an acknowledgement has told. */
  #policy: IceConfiguration["iceTransportPolicy"];
  /** When what is known is to be renewed. */
  #renewAt = Number.NEGATIVE_INFINITY;
  /** When the oldest credentials that a standing connection may have are to be renewed. */
  #renewStandingAt = Number.POSITIVE_INFINITY;
  #retryAt = Number.NEGATIVE_INFINITY;
  /** Shared by requests at the same time, so that they do not make two. */
  #asking: Promise<boolean> | null = null;

  readonly #followers = new Set<(configuration: RTCConfiguration) => void>();

  #certificate: RTCCertificate | undefined;
  /** Shared as well. */
  #certifying: Promise<RTCCertificate | undefined> | null = null;

  constructor(
    private readonly ask: () => Promise<IceServers>,
    private readonly now: () => number = Date.now,
    private readonly certify: () => Promise<RTCCertificate | undefined> = async () => undefined,
  ) {}

  configuration(): RTCConfiguration {
    const policy = this.#policy ?? this.#known.iceTransportPolicy;
    return {
      iceServers: this.#known.iceServers.map(asBrowsersWantIt),
      ...(this.#certificate && { certificates: [this.#certificate] }),
      ...(policy && { iceTransportPolicy: policy }),
    };
  }

  /** Takes what the acknowledgement of `prepare` or `join` brings; without servers, they are still to be asked for. */
  take(ice: IceConfiguration | undefined): void {
    this.#policy = ice?.iceTransportPolicy;
    if (ice && ice.iceServers.length > 0) this.#learn(ice);
  }

  /** Fetches what has expired. Without an answer the known servers stay: within one network none is needed. */
  async fresh(): Promise<RTCConfiguration> {
    this.#certifying ??= this.certify();
    this.#certificate = await this.#certifying;
    if (this.now() >= this.#renewAt) await this.#ask();
    return this.configuration();
  }

  /** Whether the credentials of standing connections are to be renewed. */
  get isDue(): boolean {
    const dueAt = Math.min(this.#renewAt, this.#renewStandingAt);
    return this.#asking === null && this.now() >= Math.max(dueAt, this.#retryAt);
  }

  /**
   * Credentials for all standing connections: those that a reconnect or a single connection has brought meanwhile, or
   * new ones. Null where they could not be fetched, and are to be tried again.
   */
  async renewed(): Promise<RTCConfiguration | null> {
    if (this.now() >= this.#renewAt && !(await this.#ask())) return null;
    this.#renewStandingAt = this.#renewAt;
    const configuration = this.configuration();
    for (const follower of this.#followers) follower(configuration);
    return configuration;
  }

  /** Tells of each renewal, for connections besides those of who asks for it. Returns what ends that. */
  followRenewals(follower: (configuration: RTCConfiguration) => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  #ask(): Promise<boolean> {
    this.#asking ??= this.#askNow().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #askNow(): Promise<boolean> {
    try {
      this.#learn(await within(ANSWER_WITHIN_MS, this.ask()));
      return true;
    } catch (error) {
      this.#retryAt = this.now() + RETRY_MS;
      console.warn("ICE servers", error);
      return false;
    }
  }

  /** Counts the time from here on, since this computer's clock may be wrong. */
  #learn(known: KnownIce): void {
    const ttlMs = (known.ttl ?? Number.POSITIVE_INFINITY) * 1000;
    this.#known = known;
    const renewInMs = ttlMs - Math.min(RENEW_AHEAD_MS, ttlMs / 2);
    this.#renewAt = this.now() + Math.max(renewInMs, AT_MOST_EVERY_MS);
    // The connections that stand keep what they have until it is due.
    this.#renewStandingAt = Math.min(this.#renewStandingAt, this.#renewAt);
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }
}

/** Leaves out members that are null, which browsers would take for the text "null". */
function asBrowsersWantIt({ urls, username, credential }: IceServer): RTCIceServer {
  return username && credential ? { urls, username, credential } : { urls };
}
