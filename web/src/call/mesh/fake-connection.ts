import type { SessionDescription } from "../../wire.gen";
import { FakeSender } from "./fake-sender";

class FakeTransceiver {
  readonly receiver;
  readonly sender: FakeSender;
  mid: string | null = null;
  currentDirection: RTCRtpTransceiverDirection | null = null;

  constructor(
    kind: string,
    track: { kind: string } | null,
    public direction: RTCRtpTransceiverDirection,
  ) {
    this.receiver = { track: { kind }, getSynchronizationSources: (): object[] => [] };
    this.sender = new FakeSender(track);
  }

  get kind(): string {
    return this.receiver.track.kind;
  }

  /** Sets the direction that both sides have agreed on (RFC 9429, section 5.11). */
  settle(theirs: string): void {
    const sends = this.direction.startsWith("send") && theirs.includes("recv");
    const receives = this.direction.includes("recv") && theirs.startsWith("send");
    if (sends) this.currentDirection = receives ? "sendrecv" : "sendonly";
    else this.currentDirection = receives ? "recvonly" : "inactive";
  }
}

/** Reads the media sections of a description. */
function sectionsOf(sdp: string): { kind: string; mid: string | undefined; direction: string }[] {
  const pattern = /^m=(audio|video) .*(?:\na=mid:(\S+)\na=(\S+))?/gm;
  return [...sdp.matchAll(pattern)].map(([, kind = "", mid, direction = "sendrecv"]) => ({
    kind,
    mid,
    direction,
  }));
}

class FakeChannel extends EventTarget {
  readyState: RTCDataChannelState = "connecting";
  readonly sent: string[] = [];

  constructor(
    readonly label: string,
    readonly init: RTCDataChannelInit,
  ) {
    super();
  }

  send = (text: string) => void this.sent.push(text);

  open(): void {
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }

  hear(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
}

/**
 * The signaling half of an RTCPeerConnection (W3C WebRTC 1.0, section 4.4.1.5), for tests: states,
 * implicit rollback and the errors that a browser throws, without any media.
 */
export class FakeConnection extends EventTarget {
  signalingState: RTCSignalingState = "stable";
  localDescription: RTCSessionDescription | null = null;
  remoteDescription: RTCSessionDescription | null = null;
  get currentLocalDescription(): RTCSessionDescription | null {
    return this.localDescription;
  }
  get currentRemoteDescription(): RTCSessionDescription | null {
    return this.remoteDescription;
  }
  readonly candidates: string[] = [];
  readonly log: string[] = [];
  readonly transceivers: FakeTransceiver[] = [];
  readonly channels: FakeChannel[] = [];
  /** Transceivers whose mid comes from an unanswered offer: a rollback removes it. */
  readonly #tentative = new Set<FakeTransceiver>();
  connectionState: RTCPeerConnectionState = "new";
  configuration: RTCConfiguration | null = null;
  #count = 0;

  constructor(readonly name: string) {
    super();
  }

  addTransceiver(what: string | { kind: string }, init: RTCRtpTransceiverInit): FakeTransceiver {
    const kind = typeof what === "string" ? what : what.kind;
    const track = typeof what === "string" ? null : what;
    const transceiver = new FakeTransceiver(kind, track, init.direction ?? "sendrecv");
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers = () => this.transceivers;
  getReceivers = () => this.transceivers.map(({ receiver }) => receiver);

  createDataChannel(label: string, init: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, init);
    this.channels.push(channel);
    return channel;
  }

  change(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  getStats = async () => new Map<string, unknown>();
  restartIce = () => void this.log.push("restart");
  close = () => void this.log.push("close");

  negotiate(): void {
    this.dispatchEvent(new Event("negotiationneeded"));
  }

  gather(candidate: string, usernameFragment = "u"): void {
    const event = Object.assign(new Event("icecandidate"), {
      candidate: { candidate, sdpMid: "0", sdpMLineIndex: 0, usernameFragment },
    });
    this.dispatchEvent(event);
  }

  async setLocalDescription(): Promise<void> {
    await Promise.resolve();
    const answering = this.signalingState === "have-remote-offer";
    const type = answering ? "answer" : "offer";
    for (const [index, transceiver] of this.transceivers.entries()) {
      if (transceiver.mid !== null || answering) continue;
      transceiver.mid = `${this.name}${index}`;
      this.#tentative.add(transceiver);
    }
    const sections = this.transceivers
      .filter(({ mid }) => mid !== null)
      .map(({ kind, mid, direction }) => `\nm=${kind} 9 UDP\na=mid:${mid}\na=${direction}`);
    const text = `${this.name} ${type} ${++this.#count}${sections.join("")}`;
    this.localDescription = this.#describe(type, text);
    if (answering) this.#settle();
    this.#enter(answering ? "stable" : "have-local-offer");
    this.log.push(`local ${type}`);
  }

  async setRemoteDescription(description: SessionDescription): Promise<void> {
    await Promise.resolve();
    const { type } = description;
    if (type === "answer" && this.signalingState !== "have-local-offer") {
      throw new DOMException("wrong state", "InvalidStateError");
    }
    if (type === "offer" && this.signalingState === "have-local-offer") {
      this.localDescription = null;
      for (const transceiver of this.#tentative) transceiver.mid = null;
      this.#tentative.clear();
      this.log.push("rollback");
    }
    this.remoteDescription = this.#describe(type, description.sdp ?? "");
    if (type === "offer") this.#addOffered(description.sdp ?? "");
    else this.#settle();
    this.#enter(type === "offer" ? "have-remote-offer" : "stable");
    this.log.push(`remote ${type}`);
  }

  /** Adds a transceiver for each offered section that this side has not opened itself. */
  #addOffered(sdp: string): void {
    for (const [index, { kind, mid }] of sectionsOf(sdp).entries()) {
      const isKnown = this.transceivers.some((known) =>
        mid === undefined ? known.kind === kind : known.mid === mid,
      );
      if (isKnown) continue;
      const transceiver = new FakeTransceiver(kind, null, "recvonly");
      transceiver.mid = mid ?? `${index}`;
      this.transceivers.push(transceiver);
    }
  }

  #settle(): void {
    this.#tentative.clear();
    for (const { mid, direction } of sectionsOf(this.remoteDescription?.sdp ?? "")) {
      this.transceivers.find((known) => known.mid === mid)?.settle(direction);
    }
  }

  #enter(state: RTCSignalingState): void {
    if (this.signalingState === state) return;
    this.signalingState = state;
    this.dispatchEvent(new Event("signalingstatechange"));
  }

  async addIceCandidate(init: RTCIceCandidateInit): Promise<void> {
    await Promise.resolve();
    if (!this.remoteDescription) throw new DOMException("no description", "InvalidStateError");
    if (init.candidate?.includes("foreign")) throw new DOMException("?", "OperationError");
    this.candidates.push(init.candidate ?? "");
    this.log.push(`candidate ${init.candidate}`);
  }

  #describe(type: RTCSdpType, sdp: string): RTCSessionDescription {
    return { type, sdp, toJSON: () => ({ type, sdp }) };
  }
}
