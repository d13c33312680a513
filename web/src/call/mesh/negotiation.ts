import { Backoff } from "../../backoff";
import type { IceCandidate, SessionDescription } from "../../wire.gen";
import { RELAYED_LATER_CODES } from "../transient-codes";
import { MAX_EARLY } from "./bounds";

/** The part of RTCPeerConnection that negotiating needs. */
export type NegotiatedConnection = Pick<
  RTCPeerConnection,
  | "signalingState"
  | "localDescription"
  | "remoteDescription"
  | "setLocalDescription"
  | "setRemoteDescription"
  | "addIceCandidate"
  | "addEventListener"
>;

export interface NegotiationOptions {
  /** The polite side gives way where two offers cross. */
  polite: boolean;
  /** Whether this side makes no offer before it has received one. */
  awaitsFirstOffer: boolean;
  /** `refused` is called where the server does not pass it on. */
  sendDescription(description: SessionDescription, refused: (code: string) => void): void;
  sendCandidate(candidate: IceCandidate): void;
  /** Runs between setting an offer and answering it. */
  beforeAnswer(): void;
  report(error: unknown): void;
}

/** The most descriptions and candidates in the queue; an honest peer sends a tenth of that at once. */
const MAX_WAITING = 500;
const REPEAT_MS = 3_000;
const REPEAT_MOST_MS = 48_000;
/** The pause before a refused description is sent again. */
const AGAIN_MS = 500;
const AGAIN_MOST_MS = 4_000;
/** Some 40 seconds of refusals; what comes later is due to `Recovery`. */
const MOST_AGAIN = 12;

/**
 * Perfect negotiation, after the example in the W3C's WebRTC 1.0, section 10.7. Received signals are processed
 * one by one; candidates that arrive before the first description wait for it.
 */
export class Negotiation {
  #makingOffer = false;
  #ignoringOffer = false;
  #mayOffer: boolean;
  /** Whether our first offer is unanswered. An offer that crosses it was made for another connection. */
  #opening: boolean;
  #early: RTCIceCandidateInit[] = [];
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #repetition: { readonly at: number; readonly after: number } | null = null;
  /** How many descriptions were made. */
  #made = 0;
  /** Of the latest description, while it is refused. */
  readonly #backoff = new Backoff(AGAIN_MS, AGAIN_MOST_MS);
  #again: ReturnType<typeof setTimeout> | undefined;
  /** The candidates of the latest description, for when they are refused. */
  #gathered: IceCandidate[] = [];

  constructor(
    private readonly connection: NegotiatedConnection,
    private readonly options: NegotiationOptions,
  ) {
    this.#mayOffer = !options.awaitsFirstOffer;
    this.#opening = !options.awaitsFirstOffer;
    connection.addEventListener("negotiationneeded", () => void this.#offer());
    connection.addEventListener("icecandidate", ({ candidate }) => this.#sendCandidate(candidate));
  }

  close(): void {
    clearTimeout(this.#again);
  }

  receiveDescription(description: SessionDescription): Promise<void> {
    return this.#enqueue(() => this.#setDescription(description));
  }

  receiveCandidate(candidate: IceCandidate | null): Promise<void> {
    return this.#enqueue(() => this.#addCandidate(candidate ?? { candidate: "" }));
  }

  /** Sends an offer again that may be lost; the other side may well get it twice. */
  repeatOffer(): void {
    if (this.connection.signalingState === "have-local-offer") this.#sendLocal();
  }

  /** Sends the candidates found so far again; the other side may well get them twice. */
  repeatCandidates(): void {
    for (const candidate of this.#gathered) this.options.sendCandidate(candidate);
  }

  /**
   * Repeats an offer that is not answered in time, less and less often. The server does not keep an offer to a
   * peer that has yet to come back after the server's restart, and one on its way to a server that dies is lost.
   */
  repeatLateOffer(now: number, after = REPEAT_MS): void {
    if (this.connection.signalingState !== "have-local-offer") this.#repetition = null;
    else if (!this.#repetition) this.#repetition = { at: now + after, after };
    else if (now >= this.#repetition.at) {
      const next = Math.min(this.#repetition.after * 2, REPEAT_MOST_MS);
      this.#repetition = { at: now + next, after: next };
      this.#sendLocal();
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    if (this.#waiting >= MAX_WAITING) return this.#work;
    this.#waiting += 1;
    this.#work = this.#work
      .then(work)
      .catch((error) => this.options.report(error))
      .finally(() => {
        this.#waiting -= 1;
      });
    return this.#work;
  }

  async #offer(): Promise<void> {
    if (!this.#mayOffer) return;
    try {
      this.#makingOffer = true;
      await this.#describe();
      // A colliding offer may have rolled back ours meanwhile.
      if (this.connection.localDescription?.type === "offer") this.#sendLocal();
    } catch (error) {
      this.options.report(error);
    } finally {
      this.#makingOffer = false;
    }
  }

  async #setDescription(description: SessionDescription): Promise<void> {
    const { signalingState } = this.connection;
    const isOffer = description.type === "offer";
    const collision = isOffer && (this.#makingOffer || signalingState !== "stable");
    this.#ignoringOffer = collision && (!this.options.polite || this.#opening);
    if (this.#ignoringOffer) return;
    // This answers an offer that was rolled back, or is a repetition.
    if (description.type === "answer" && signalingState !== "have-local-offer") return;
    await this.connection.setRemoteDescription(description);
    this.#mayOffer = true;
    this.#opening = false;
    // The answer goes first: the other side waits for it, and none of the candidates is needed to make it.
    if (isOffer) await this.#answer();
    await this.#addEarlyCandidates();
  }

  async #answer(): Promise<void> {
    this.options.beforeAnswer();
    await this.#describe();
    this.#sendLocal();
  }

  async #describe(): Promise<void> {
    await this.connection.setLocalDescription();
    this.#made += 1;
    this.#backoff.reset();
  }

  #sendLocal(): void {
    const { type, sdp } = this.connection.localDescription as RTCSessionDescription;
    const made = this.#made;
    this.options.sendDescription({ type, sdp }, (code) => {
      if (made === this.#made && RELAYED_LATER_CODES.has(code)) this.#sendAgain(made);
    });
  }

  /** Sends the description again after a pause, unless it is answered or another one is made meanwhile. */
  #sendAgain(made: number): void {
    if (this.#backoff.attempts >= MOST_AGAIN) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      const { localDescription, signalingState } = this.connection;
      const waits = localDescription?.type === "offer" ? "have-local-offer" : "stable";
      if (made === this.#made && signalingState === waits) this.#sendLocal();
    }, this.#backoff.nextMs());
  }

  async #addEarlyCandidates(): Promise<void> {
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) {
      // A candidate of an earlier connection must not prevent the answer of this one.
      await this.#addCandidate(candidate).catch(this.options.report);
    }
  }

  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (!this.connection.remoteDescription) {
      if (this.#early.length < MAX_EARLY) this.#early.push(candidate);
      return;
    }
    try {
      await this.connection.addIceCandidate(candidate);
    } catch (error) {
      // Candidates of an ignored offer fit no description, and a browser may not understand an empty
      // candidate (end of candidates), which it can do without.
      if (!this.#ignoringOffer && candidate.candidate) throw error;
    }
  }

  #sendCandidate(candidate: RTCIceCandidate | null): void {
    if (!candidate) return;
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    const sent = { candidate: candidate.candidate, sdpMid, sdpMLineIndex, usernameFragment };
    // A restart of ICE has another one.
    if (this.#gathered[0]?.usernameFragment !== usernameFragment) this.#gathered = [];
    if (this.#gathered.length < MAX_EARLY) this.#gathered.push(sent);
    this.options.sendCandidate(sent);
  }
}
