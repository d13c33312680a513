/** The part of RTCPeerConnection that is observed. */
export type ObservedConnection = Pick<EventTarget, "addEventListener">;

/** Why a relay gives a browser no address, as far as the browser tells: Firefox does not tell refusals. */
export type RelayFault = "refused" | "silent";

/** Error codes of STUN and TURN (RFC 8489, RFC 8656) begin here; 701 stands for no answer (W3C WebRTC, 4.8.2). */
const FIRST_REFUSAL = 300;
const NO_ANSWER = 701;
/** What has not been found by then is not waited for. */
const SETTLED_MS = 8_000;

/** Follows what a browser finds while it gathers candidates, and what of it fails. */
export class IceObservation {
  readonly kinds = new Set<RTCIceCandidateType>();
  readonly #relayProtocols = new Set<string>();
  readonly #began: number;
  #isRefused = false;
  #isComplete = false;

  constructor(
    connection: ObservedConnection,
    private readonly now: () => number = Date.now,
  ) {
    this.#began = now();
    connection.addEventListener("icecandidate", (event) => {
      const { candidate } = event as RTCPeerConnectionIceEvent;
      if (candidate === null) this.#isComplete = true;
      if (!candidate?.candidate) return;
      const kind = candidate.type ?? kindIn(candidate.candidate);
      if (kind) this.kinds.add(kind);
      const { relayProtocol } = candidate as { relayProtocol?: string | null };
      if (kind === "relay" && relayProtocol) this.#relayProtocols.add(relayProtocol);
    });
    connection.addEventListener("icecandidateerror", (event) => {
      const { errorCode } = event as RTCPeerConnectionIceErrorEvent;
      if (errorCode >= FIRST_REFUSAL && errorCode !== NO_ANSWER) this.#isRefused = true;
    });
  }

  /** Why there is no relayed address; null where there is one, or where one may still come. */
  get relayFault(): RelayFault | null {
    if (this.kinds.has("relay")) return null;
    if (this.#isRefused) return "refused";
    return this.#isComplete || this.now() - this.#began >= SETTLED_MS ? "silent" : null;
  }

  /** Whether relays are reached, but not by UDP, and nor is anything else. */
  get isUdpBlocked(): boolean {
    const protocols = this.#relayProtocols;
    return protocols.size > 0 && !protocols.has("udp") && !this.kinds.has("srflx");
  }
}

/** Older browsers give the line alone (RFC 8839, section 5.1). */
function kindIn(line: string): RTCIceCandidateType | undefined {
  return / typ (host|srflx|prflx|relay)\b/.exec(line)?.[1] as RTCIceCandidateType | undefined;
}
