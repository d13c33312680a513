import { FileChannel } from "./file-channel";
import {
  type FileFacts,
  type FileMessage,
  isPicture,
  MAX_FILE_BYTES,
  MAX_SHOWN_BYTES,
} from "./file-messages";
import { IncomingFile } from "./incoming-file";
import { type OutgoingContent, OutgoingFile, type OutgoingListener } from "./outgoing-file";

export interface FileSender {
  readonly username: string;
  readonly displayName?: string | undefined;
}

/** Files of one peer that are offered or on their way at most; further offers are refused. */
const MAX_OPEN = 4;
/** Files of one peer that are remembered at most, with what arrived of them. */
const MAX_KEPT = 12;

export interface FilePeerParts extends OutgoingListener {
  readonly sender: FileSender;
  hash(content: Blob): Promise<string>;
}

/** The files to and from one peer, over the channel of now. */
export class FilePeer {
  readonly incoming = new Map<number, IncomingFile>();
  readonly outgoing = new Map<number, OutgoingFile>();
  #channel: FileChannel | null = null;
  /** Whether the peer's client takes files. */
  knowsFiles = false;

  constructor(private readonly parts: FilePeerParts) {}

  get sender(): FileSender {
    return this.parts.sender;
  }

  /** Goes on over this channel, which may take the place of one that broke. */
  use(channel: RTCDataChannel): void {
    const opened: FileChannel = new FileChannel(channel, {
      opened: () => opened.say({ kind: "hello" }),
      heard: (message) => this.#channel === opened && this.#hear(message),
      arrived: (chunk) => this.#channel === opened && this.incoming.get(chunk.id)?.take(chunk),
      drained: () => {
        for (const file of this.outgoing.values()) void file.pump();
      },
    });
    this.#channel = opened;
  }

  offer(id: number, facts: FileFacts, content: OutgoingContent): OutgoingFile {
    const way = {
      say: (message: FileMessage) => this.#channel?.say(message),
      send: (chunk: Parameters<FileChannel["send"]>[0]) => this.#channel?.send(chunk) ?? false,
    };
    const file = new OutgoingFile(id, facts, content, way, this.parts);
    this.outgoing.set(id, file);
    file.offer();
    return file;
  }

  /** The peer has left. */
  close(): void {
    this.#channel = null;
    for (const file of [...this.incoming.values(), ...this.outgoing.values()]) file.end("lost");
  }

  #hear(message: FileMessage): void {
    if (message.kind === "hello") this.#resume();
    else if (message.kind === "offer") this.#offered(message.id, message.file);
    else if (message.kind === "accept") this.outgoing.get(message.id)?.accepted(message.from);
    else if (message.kind === "done") this.outgoing.get(message.id)?.finished(message.intact);
    else {
      this.outgoing.get(message.id)?.end("cancelled");
      this.incoming.get(message.id)?.end("cancelled");
    }
  }

  #resume(): void {
    this.knowsFiles = true;
    for (const file of this.outgoing.values()) file.offer();
    this.parts.changed();
  }

  /** An offer that is known comes again after an interruption. */
  #offered(id: number, facts: FileFacts): void {
    const known = this.incoming.get(id);
    if (known) {
      known.resume();
      return;
    }
    const open = [...this.incoming.values()].filter(({ isOver }) => !isOver);
    if (open.length >= MAX_OPEN || facts.size > MAX_FILE_BYTES) {
      this.#channel?.say({ kind: "cancel", id });
      return;
    }
    this.#forgetOldest();
    const file = new IncomingFile(id, facts, {
      say: (message) => this.#channel?.say(message),
      changed: () => this.parts.changed(),
      progressed: () => this.parts.progressed(),
      hash: this.parts.hash,
    });
    this.incoming.set(id, file);
    if (isPicture(facts) && facts.size <= MAX_SHOWN_BYTES) file.accept();
    this.parts.changed();
  }

  #forgetOldest(): void {
    for (const [id, file] of this.incoming) {
      if (this.incoming.size < MAX_KEPT) return;
      if (file.isOver) this.incoming.delete(id);
    }
  }
}
