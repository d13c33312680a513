import type { StreamTargetChunk } from "mediabunny";
import { fileHandle } from "./private-files";
import type { RecordingFile } from "./recorder-messages";

/** What a worker can write to at once (File System standard, FileSystemSyncAccessHandle). */
interface SyncAccess {
  write(data: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

interface SyncHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccess>;
}

/**
 * A file that is written as its parts come. What was written is there after the page has died, unlike with
 * `createWritable`, which throws away what was not closed.
 */
export class WrittenFile {
  #size = 0;
  #isClosed = false;

  private constructor(private readonly access: SyncAccess) {}

  static async create(file: RecordingFile): Promise<WrittenFile> {
    const handle = (await fileHandle(file, { create: true })) as SyncHandle;
    const access = await handle.createSyncAccessHandle();
    access.truncate(0);
    return new WrittenFile(access);
  }

  get size(): number {
    return this.#size;
  }

  stream(): WritableStream<StreamTargetChunk> {
    return new WritableStream({
      write: ({ data, position }) => {
        const written = this.access.write(data, { at: position });
        if (written < data.byteLength)
          throw new DOMException("The disk is full", "QuotaExceededError");
        this.#size = Math.max(this.#size, position + written);
      },
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.access.flush();
    this.access.close();
  }
}
