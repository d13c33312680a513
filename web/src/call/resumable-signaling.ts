import type { PeerSignal, Signaling } from "../signaling";
import type { Acknowledgements, Joined, OfferSdp, ReportTopology } from "../wire.gen";
import { PendingSignals, type Refused } from "./pending-signals";
import { randomId } from "./random-id";

/** How a join relates to the participation before it. */
export type Continuity =
  /** A new participation: the server knows nothing of connections from before. */
  | "new"
  /** The same participation, and every message of it has arrived or will. */
  | "resumed"
  /** The same participation, but messages in either direction may be lost. */
  | "resumed-with-losses";

/** The events from the server that both sides number, so that none is lost or repeated over a resume. */
const NUMBERED_EVENTS = [
  "add-peer",
  "remove-peer",
  "member-joined",
  "session-description",
  "ice-candidate",
  "sender-key",
] as const;

/** The ways in which this client can have media travel. */
export const TOPOLOGIES = ["mesh", "sfu"];

export type UnderlyingSignaling = Pick<
  Signaling,
  | "link"
  | "on"
  | "join"
  | "leave"
  | "check"
  | "send"
  | "record"
  | "startRecording"
  | "stopRecording"
  | "consentToRecording"
  | "reportTopology"
>;

/**
 * Signaling of one participation in a call, which outlives the connections that it uses (docs/protocol.md, "A visit
 * that outlives its connection"). Its resume token and its counts live in memory: a reload begins a new one.
 */
export class ResumableSignaling {
  readonly #pending: PendingSignals;
  #token: string | null = null;
  /** Names the join in all its repetitions, until one is acknowledged: its visit may have begun unheard. */
  #attempt: string | null = null;
  #received = 0;
  /** How many of the received messages came after the latest join was sent. */
  #receivedSinceJoin = 0;
  #unsubscribe: (() => void)[] = [];

  /** `memberKey` is asked at each join; undefined in a browser that has none. */
  constructor(
    private readonly signaling: UnderlyingSignaling,
    private readonly memberKey: () => string | undefined = () => undefined,
  ) {
    this.#pending = new PendingSignals((signal, refused) => signaling.send(signal, refused));
  }

  readonly on: Signaling["on"] = (event, listener) => this.signaling.on(event, listener);

  get link(): Signaling["link"] {
    return this.signaling.link;
  }

  /** Whether a signal that is sent now reaches the server now. */
  get isReady(): boolean {
    return this.#pending.isOpen;
  }

  /** Counts messages from here on. */
  start(): void {
    const count = () => {
      this.#received++;
      this.#receivedSinceJoin++;
    };
    this.#unsubscribe = NUMBERED_EVENTS.map((event) => this.signaling.on(event, count));
  }

  /** Sends now, or as soon as the connection is back and the participation resumed. */
  send(signal: PeerSignal, refused?: Refused): void {
    this.#pending.post(signal, refused);
  }

  /** Holds signals back until the next join is acknowledged. */
  pause(): void {
    this.#pending.close();
  }

  check(): void {
    this.signaling.check();
  }

  /**
   * Joins, and resumes the participation before where there is one. `known` names the peers whose media have outlived
   * the connection, `offers` were made before the join and go with the first one alone. `answered` runs before any message is handled that the server sent after its answer.
   */
  join(
    room: string,
    known: readonly string[],
    answered: (answer: Acknowledgements["join"], continuity: Continuity) => void,
    offers: readonly OfferSdp[] = [],
  ): void {
    this.#pending.mark();
    this.#receivedSinceJoin = 0;
    this.#attempt ??= randomId();
    const memberKey = this.memberKey();
    const says = {
      topologies: TOPOLOGIES,
      attempt: this.#attempt,
      ...(memberKey !== undefined && { memberKey }),
    };
    const claim =
      this.#token === null
        ? {
            room,
            resumable: true,
            ...says,
            ...(offers.length > 0 && { offers: [...offers] }),
          }
        : {
            room,
            resumable: true,
            resume: this.#token,
            known: [...known],
            received: this.#received,
            ...says,
          };
    this.signaling.join(claim, (answer) =>
      answered(answer, answer.ok ? this.#take(answer) : "new"),
    );
  }

  /** Tells the server whether this participation records the call. */
  record(recording: boolean): Promise<Acknowledgements["record"]> {
    return this.signaling.record({ recording });
  }

  /** Has the server record the call. */
  startRecording(): Promise<Acknowledgements["start-recording"]> {
    return this.signaling.startRecording();
  }

  stopRecording(): Promise<Acknowledgements["stop-recording"]> {
    return this.signaling.stopRecording();
  }

  consentToRecording(recordingID: string): Promise<Acknowledgements["consent-to-recording"]> {
    return this.signaling.consentToRecording({ recordingID });
  }

  /** Tells how far this participation is with a move of the call. What is lost is told again after the next join. */
  async reportTopology(report: ReportTopology): Promise<void> {
    if (this.isReady) await this.signaling.reportTopology(report);
  }

  /** Ends the participation on the server too. */
  leave(): void {
    const resume = this.#token;
    this.forget();
    this.signaling.leave(resume);
  }

  /** Makes the next join begin a new participation. */
  forget(): void {
    this.#token = null;
    this.#pending.close();
  }

  close(): void {
    this.forget();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }

  #take({ resume, resumed, received }: Joined): Continuity {
    this.#token = resume ?? null;
    this.#attempt = null;
    if (resumed && typeof received === "number") {
      return this.#pending.resume(received) ? "resumed" : "resumed-with-losses";
    }
    // A new participation counts from its join; so does a server that has lost the counts of a resumed one.
    this.#received = this.#receivedSinceJoin;
    this.#pending.restart();
    return resumed ? "resumed-with-losses" : "new";
  }
}
