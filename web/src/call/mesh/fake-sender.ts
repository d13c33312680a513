import type { Codec } from "../quality/codecs";

type FakeEncoding = RTCRtpEncodingParameters & { codec?: Codec };

/** An RTCRtpSender that takes parameters as a browser does (W3C WebRTC 1.0, section 5.2), for tests. */
export class FakeSender {
  streams = 0;
  codecs: Codec[] = [];
  /** The parameters that were set, one after the other. */
  readonly set: FakeEncoding[] = [];
  degradation: RTCDegradationPreference | undefined;
  /** Thrown for parameters that have one of these names. */
  refuses: string[] = [];
  #transaction = 0;
  #handedOut = -1;

  constructor(public track: { kind: string } | null) {}

  get encoding(): FakeEncoding | undefined {
    return this.set.at(-1);
  }

  setStreams = (...streams: object[]) => {
    this.streams = streams.length;
  };

  replaceTrack = async (next: { kind: string } | null) => {
    this.track = next;
  };

  getParameters = (): RTCRtpSendParameters => {
    this.#handedOut = ++this.#transaction;
    return {
      transactionId: `${this.#transaction}`,
      encodings: [{ active: true, ...this.encoding }],
      codecs: this.codecs.map((codec) => ({ ...codec, payloadType: 96 })),
      headerExtensions: [],
      rtcp: {},
    };
  };

  setParameters = async (parameters: RTCRtpSendParameters): Promise<void> => {
    const { transactionId, encodings, degradationPreference } = parameters;
    const isCurrent = transactionId === `${this.#handedOut}`;
    this.#handedOut = -1;
    await Promise.resolve();
    if (!isCurrent) throw new DOMException("not these parameters", "InvalidStateError");
    const [encoding = {}] = encodings;
    const refused = this.refuses.find((name) => name in encoding);
    if (refused) throw new DOMException(refused, "OperationError");
    this.set.push(encoding);
    this.degradation = degradationPreference;
  };
}
