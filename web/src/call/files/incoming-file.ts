import type { Chunk, FileFacts, FileMessage } from "./file-messages";

export type IncomingState =
  | "offered"
  | "moving"
  | "checking"
  | "done"
  | "damaged"
  | "cancelled"
  | "lost";

/** Tells that it has changed, and what to say to the sender. */
export interface IncomingListener {
  say(message: FileMessage): void;
  /** Its state is another one. */
  changed(): void;
  /** A piece has arrived. */
  progressed(): void;
  hash(content: Blob): Promise<string>;
}

/**
 * A file that a peer offers. Its content comes in order over one channel. After an interruption another channel takes
 * over: the rest is asked for from where it broke off, and what comes twice or too early is passed over.
 */
export class IncomingFile {
  state: IncomingState = "offered";
  received = 0;
  content: Blob | null = null;
  #chunks: Uint8Array<ArrayBuffer>[] = [];

  constructor(
    readonly id: number,
    readonly facts: FileFacts,
    private readonly listener: IncomingListener,
  ) {}

  accept(): void {
    if (this.state !== "offered") return;
    this.state = "moving";
    this.#ask();
    void this.#finish();
    this.listener.changed();
  }

  /** Goes on over a new channel. */
  resume(): void {
    if (this.state === "moving") this.#ask();
    const { state } = this;
    if (state === "done" || state === "damaged") this.#sayDone(state === "done");
    if (state === "cancelled") this.listener.say({ kind: "cancel", id: this.id });
  }

  take({ offset, bytes }: Chunk): void {
    const isNext = offset === this.received && offset + bytes.length <= this.facts.size;
    if (this.state !== "moving" || !isNext) return;
    this.#chunks.push(bytes);
    this.received += bytes.length;
    this.listener.progressed();
    void this.#finish();
  }

  cancel(): void {
    if (this.isOver) return;
    this.listener.say({ kind: "cancel", id: this.id });
    this.end("cancelled");
  }

  /** Ends it without the whole content: the sender cancelled, or is gone. */
  end(state: "cancelled" | "lost"): void {
    if (this.isOver) return;
    this.state = state;
    this.#chunks = [];
    this.listener.changed();
  }

  get isOver(): boolean {
    return this.state !== "offered" && this.state !== "moving" && this.state !== "checking";
  }

  #ask(): void {
    this.listener.say({ kind: "accept", id: this.id, from: this.received });
  }

  async #finish(): Promise<void> {
    if (this.received < this.facts.size || this.state !== "moving") return;
    this.state = "checking";
    this.listener.changed();
    const content = new Blob(this.#chunks);
    this.#chunks = [];
    const hash = await this.listener.hash(content).catch(() => null);
    if (this.state !== "checking") return;
    const intact = hash === this.facts.hash;
    this.state = intact ? "done" : "damaged";
    if (intact) this.content = content;
    this.#sayDone(intact);
    this.listener.changed();
  }

  #sayDone(intact: boolean): void {
    this.listener.say({ kind: "done", id: this.id, intact });
  }
}
