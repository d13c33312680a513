import type { StreamTargetChunk } from "mediabunny";
import { fileHandle } from "./private-files";
import { endAfter, type RecordingFile } from "./recorder-messages";

/** What a worker can write to at once (File System standard, FileSystemSyncAccessHandle). */
export interface SyncAccess {
  write(data: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface SyncHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccess>;
}

/** What the end of a recording takes at most: the index by which players seek in ten hours of it. */
const RESERVE_BYTES = 1024 * 1024;
/** The file grows by this much at once. */
const STEP_BYTES = 256 * 1024;

/**
 * A file that is written as its parts come. What was written is there after the page has died, unlike with
 * `createWritable`, which throws away what was not closed. It always has room for its end: how much space there is
 * not every browser tells (Chromium always says 10 GB more than is used).
 */
export class WrittenFile {
  #size = 0;
  /** The size of the file on the disk, what is written and what is reserved. */
  #allocated = 0;
  #isFull = false;
  #isClosed = false;

  constructor(
    private readonly access: SyncAccess,
    /** Called once, when there is only room for the end. */
    private readonly onFull: () => void,
  ) {
    access.truncate(0);
  }

  static async create(file: RecordingFile, onFull: () => void = () => {}): Promise<WrittenFile> {
    const handle = (await fileHandle(file, { create: true })) as SyncHandle;
    return new WrittenFile(await handle.createSyncAccessHandle(), onFull);
  }

  get size(): number {
    return this.#size;
  }

  stream(): WritableStream<StreamTargetChunk> {
    return new WritableStream({
      write: ({ data, position }) => {
        const end = position + data.byteLength;
        this.#reserve(end);
        // Chromium's private windows say that they have written more than was asked for where they wrote nothing.
        if (this.access.write(data, { at: position }) !== data.byteLength) throw diskFull();
        this.#size = Math.max(this.#size, end);
      },
    });
  }

  #reserve(end: number): void {
    if (this.#isFull || end + RESERVE_BYTES <= this.#allocated) return;
    const wanted = end + RESERVE_BYTES + STEP_BYTES;
    try {
      this.access.truncate(wanted);
      if (this.access.getSize() < wanted) throw diskFull();
      this.#allocated = wanted;
    } catch (error) {
      if (endAfter(error) !== "full") throw error;
      this.#isFull = true;
      this.onFull();
    }
  }

  /** Ends the access to a file that is not wanted any more, whether all of it was written or not. */
  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.access.close();
  }

  /** Gives back what was reserved. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.access.truncate(this.#size);
      this.access.flush();
    } finally {
      this.access.close();
    }
  }
}

function diskFull(): DOMException {
  return new DOMException("The disk is full", "QuotaExceededError");
}
