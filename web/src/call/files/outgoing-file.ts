import { CHUNK_BYTES, type Chunk, type FileFacts, type FileMessage } from "./file-messages";

export type OutgoingState = "offered" | "moving" | "done" | "damaged" | "cancelled" | "lost";

/** The way to one peer; `send` is false where it is full or broken, and the rest has to wait. */
export interface FileWay {
  say(message: FileMessage): void;
  send(chunk: Chunk): boolean;
}

export interface OutgoingListener {
  /** Its state is another one. */
  changed(): void;
  /** A piece was handed over. */
  progressed(): void;
}

export interface OutgoingContent {
  readonly size: number;
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file that is offered to one peer, and sent from the offset that the peer asks for. */
export class OutgoingFile {
  state: OutgoingState = "offered";
  /** The offset up to which it was handed to the channel. */
  sent = 0;
  /** Counts the requests, so that the pump of an earlier one ends. */
  #turn = 0;

  constructor(
    readonly id: number,
    readonly facts: FileFacts,
    private readonly content: OutgoingContent,
    private readonly way: FileWay,
    private readonly listener: OutgoingListener,
  ) {}

  /** Says what is offered, when the channel opens or opens again. The peer asks anew for what it lacks. */
  offer(): void {
    if (this.isOver) return;
    this.#turn += 1;
    this.way.say({ kind: "offer", id: this.id, file: this.facts });
  }

  accepted(from: number): void {
    if (this.isOver || from > this.content.size) return;
    this.state = "moving";
    this.sent = from;
    this.#turn += 1;
    void this.pump();
    this.listener.changed();
  }

  /** Sends as much as the channel takes; called again whenever it takes more. */
  async pump(): Promise<void> {
    const turn = this.#turn;
    while (this.state === "moving" && this.sent < this.content.size) {
      const offset = this.sent;
      const bytes = await this.content
        .read(offset, Math.min(offset + CHUNK_BYTES, this.content.size))
        .catch(() => null);
      if (turn !== this.#turn || this.state !== "moving" || this.sent !== offset) return;
      // The file was moved or changed on the disk.
      if (!bytes) return this.cancel();
      if (!this.way.send({ id: this.id, offset, bytes })) return;
      this.sent += bytes.length;
      this.listener.progressed();
    }
  }

  finished(intact: boolean): void {
    if (!this.isOver) this.#end(intact ? "done" : "damaged");
  }

  cancel(): void {
    if (this.isOver) return;
    this.way.say({ kind: "cancel", id: this.id });
    this.#end("cancelled");
  }

  end(state: "cancelled" | "lost"): void {
    if (!this.isOver) this.#end(state);
  }

  get isOver(): boolean {
    return this.state !== "offered" && this.state !== "moving";
  }

  #end(state: OutgoingState): void {
    this.state = state;
    this.listener.changed();
  }
}
