import type { PeerSignal } from "../signaling";

const KEPT = 500;

/** Called with the code where the server refuses a signal. */
export type Refused = (code: string) => void;

interface Posted {
  readonly signal: PeerSignal;
  readonly refused: Refused | undefined;
}

/**
 * Retransmission queue of the signals to peers. It numbers them as the server does, per participation and from 0.
 * While the connection to the server is down they wait; after a resume, those that the server has not received are
 * sent again, in order. The oldest are dropped where more than 500 wait.
 */
export class PendingSignals {
  #signals: Posted[] = [];
  /** The number of the oldest signal that is kept. */
  #first = 0;
  /** The number of the first signal after the latest join was sent. */
  #mark = 0;
  #open = false;

  constructor(private readonly send: (signal: PeerSignal, refused?: Refused) => void) {}

  /** Whether signals are sent at once. */
  get isOpen(): boolean {
    return this.#open;
  }

  post(signal: PeerSignal, refused?: Refused): void {
    this.#signals.push({ signal, refused });
    if (this.#signals.length > KEPT) this.#forget(1);
    if (this.#open) this.send(signal, refused);
  }

  /** Holds signals back: the connection is down, or its join is not acknowledged yet. */
  close(): void {
    this.#open = false;
  }

  /** Notes that a join is sent now: signals posted from here on belong to the participation that it begins or resumes. */
  mark(): void {
    this.#open = false;
    this.#mark = this.#first + this.#signals.length;
  }

  /**
   * Continues a participation of which the server has received `received` signals. False where signals between are
   * lost, since they are not kept any more.
   */
  resume(received: number): boolean {
    const complete = received >= this.#first && received <= this.#first + this.#signals.length;
    this.#forget(received - this.#first);
    this.#first = received;
    this.#flush();
    return complete;
  }

  /** Numbers from 0 for a new participation: signals from before the join belong to the former one and are dropped. */
  restart(): void {
    this.#forget(this.#mark - this.#first);
    this.#first = 0;
    this.#flush();
  }

  #forget(count: number): void {
    const gone = this.#signals.splice(0, Math.max(0, count));
    this.#first += gone.length;
  }

  #flush(): void {
    this.#open = true;
    for (const { signal, refused } of this.#signals) this.send(signal, refused);
  }
}
