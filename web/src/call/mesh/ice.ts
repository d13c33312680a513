import type { IceServer, IceServers } from "../../wire.gen";

const RENEW_AHEAD_MS = 60_000;
/** Time limit for the server's answer, since connections wait for it. */
const ANSWER_WITHIN_MS = 3_000;

/**
 * The configuration of peer connections: the ICE servers (STUN and TURN), fetched anew before their credentials
 * expire, and the one certificate of this participation.
 */
export class IceSource {
  #known: IceServers = { iceServers: [], expires_at: null };
  #asked = false;

  #certificate: RTCCertificate | undefined;
  /** Shared by requests at the same time, so that they do not make two. */
  #certifying: Promise<RTCCertificate | undefined> | null = null;

  constructor(
    private readonly ask: () => Promise<IceServers>,
    private readonly now: () => number = Date.now,
    private readonly certify: () => Promise<RTCCertificate | undefined> = async () => undefined,
  ) {}

  configuration(): RTCConfiguration {
    const iceServers = this.#known.iceServers.map(asBrowsersWantIt);
    return this.#certificate ? { iceServers, certificates: [this.#certificate] } : { iceServers };
  }

  /** Fetches what has expired. Without an answer the known servers stay: within one network none is needed. */
  async fresh(): Promise<RTCConfiguration> {
    this.#certifying ??= this.certify();
    this.#certificate = await this.#certifying;
    if (!this.#asked || this.#expiring()) {
      try {
        this.#known = await inTime(this.ask());
        this.#asked = true;
      } catch (error) {
        console.warn("ICE servers", error);
      }
    }
    return this.configuration();
  }

  #expiring(): boolean {
    const { expires_at } = this.#known;
    return expires_at !== null && Date.parse(expires_at) - this.now() < RENEW_AHEAD_MS;
  }
}

/** Leaves out members that are null, which browsers would take for the text "null". */
function asBrowsersWantIt({ urls, username, credential }: IceServer): RTCIceServer {
  return username && credential ? { urls, username, credential } : { urls };
}

function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), ANSWER_WITHIN_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
