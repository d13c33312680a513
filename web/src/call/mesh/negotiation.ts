import type { IceCandidate, SessionDescription } from "../../wire.gen";
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
  sendDescription(description: SessionDescription): void;
  sendCandidate(candidate: IceCandidate): void;
  /** Runs between setting an offer and answering it. */
  beforeAnswer(): void;
  report(error: unknown): void;
}

/** The most descriptions and candidates in the queue; an honest peer sends a tenth of that at once. */
const MAX_WAITING = 500;
const REPEAT_MS = 3_000;
const REPEAT_MOST_MS = 48_000;

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

  constructor(
    private readonly connection: NegotiatedConnection,
    private readonly options: NegotiationOptions,
  ) {
    this.#mayOffer = !options.awaitsFirstOffer;
    this.#opening = !options.awaitsFirstOffer;
    connection.addEventListener("negotiationneeded", () => void this.#offer());
    connection.addEventListener("icecandidate", ({ candidate }) => this.#sendCandidate(candidate));
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

  /**
   * Repeats an offer that is not answered in time, less and less often. The server does not keep an offer to a
   * peer that has yet to come back after the server's restart.
   */
  repeatLateOffer(now: number): void {
    if (this.connection.signalingState !== "have-local-offer") this.#repetition = null;
    else if (!this.#repetition) this.#repetition = { at: now + REPEAT_MS, after: REPEAT_MS };
    else if (now >= this.#repetition.at) {
      const after = Math.min(this.#repetition.after * 2, REPEAT_MOST_MS);
      this.#repetition = { at: now + after, after };
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
      await this.connection.setLocalDescription();
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
    await this.connection.setLocalDescription();
    this.#sendLocal();
  }

  #sendLocal(): void {
    const { type, sdp } = this.connection.localDescription as RTCSessionDescription;
    this.options.sendDescription({ type, sdp });
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
    this.options.sendCandidate({
      candidate: candidate.candidate,
      sdpMid,
      sdpMLineIndex,
      usernameFragment,
    });
  }
}
