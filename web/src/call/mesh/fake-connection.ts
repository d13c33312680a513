import type { SessionDescription } from "../../wire.gen";

class FakeTransceiver {
  readonly receiver: { track: { kind: string }; getSynchronizationSources: () => object[] };
  readonly sender;

  constructor(
    kind: string,
    track: { kind: string } | null,
    public direction: RTCRtpTransceiverDirection,
  ) {
    this.receiver = { track: { kind }, getSynchronizationSources: () => [] };
    this.sender = {
      track,
      streams: 0,
      setStreams: (...streams: object[]) => {
        this.sender.streams = streams.length;
      },
      replaceTrack: async (next: { kind: string } | null) => {
        this.sender.track = next;
      },
    };
  }
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

  restartIce = () => void this.log.push("restart");
  close = () => void this.log.push("close");

  negotiate(): void {
    this.dispatchEvent(new Event("negotiationneeded"));
  }

  gather(candidate: string): void {
    const event = Object.assign(new Event("icecandidate"), {
      candidate: { candidate, sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "u" },
    });
    this.dispatchEvent(event);
  }

  async setLocalDescription(): Promise<void> {
    await Promise.resolve();
    const answering = this.signalingState === "have-remote-offer";
    const type = answering ? "answer" : "offer";
    this.localDescription = this.#describe(type, `${this.name} ${type} ${++this.#count}`);
    this.signalingState = answering ? "stable" : "have-local-offer";
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
      this.log.push("rollback");
    }
    this.remoteDescription = this.#describe(type, description.sdp ?? "");
    this.signalingState = type === "offer" ? "have-remote-offer" : "stable";
    this.log.push(`remote ${type}`);
    // Sections that were offered and that this side has not opened itself.
    for (const [, kind] of description.sdp?.matchAll(/^m=(audio|video) /gm) ?? []) {
      if (kind && !this.transceivers.some((one) => one.receiver.track.kind === kind)) {
        this.transceivers.push(new FakeTransceiver(kind, null, "recvonly"));
      }
    }
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
