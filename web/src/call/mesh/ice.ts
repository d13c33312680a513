import type { IceServer, IceServers } from "../../wire.gen";

const RENEW_AHEAD_MS = 60_000;
/** Who waits to be connected is not kept waiting by a server that does not answer. */
const ANSWER_WITHIN_MS = 3_000;

/**
 * How connections are configured: the servers that help two browsers find each other, asked for anew when
 * their time is over, and this visit's one certificate.
 */
export class IceSource {
  #known: IceServers = { iceServers: [], expires_at: null };
  #asked = false;

  #certificate: RTCCertificate | undefined;

  constructor(
    private readonly ask: () => Promise<IceServers>,
    private readonly now: () => number = Date.now,
    private readonly certify: () => Promise<RTCCertificate | undefined> = async () => undefined,
  ) {}

  configuration(): RTCConfiguration {
    const iceServers = this.#known.iceServers.map(asBrowsersWantIt);
    return this.#certificate ? { iceServers, certificates: [this.#certificate] } : { iceServers };
  }

  /** Without an answer we go on with what we have: in one network no such server is needed. */
  async fresh(): Promise<RTCConfiguration> {
    if (!this.#asked) this.#certificate ??= await this.certify();
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

/** Browsers take null for the text "null". */
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
