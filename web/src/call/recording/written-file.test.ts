import { expect, it, vi } from "vitest";
import { type SyncAccess, WrittenFile } from "./written-file";

const MEGABYTE = 1024 * 1024;

/** A file on a disk with so much space. `inPrivate` windows of Chromium throw nothing where it is full. */
class SmallDisk implements SyncAccess {
  bytes = new Uint8Array();
  isClosed = false;

  constructor(
    private readonly space: number,
    private readonly inPrivate: boolean,
  ) {}

  write(data: Uint8Array, { at }: { at: number }): number {
    const end = Math.max(this.bytes.length, at + data.length);
    if (end > this.space) return this.#refuse(2 ** 32 - 8);
    this.#resize(end);
    this.bytes.set(data, at);
    return data.length;
  }

  truncate(size: number): void {
    if (size > this.space) this.#refuse(0);
    else this.#resize(size);
  }

  getSize = () => this.bytes.length;
  flush = () => {};
  close = () => {
    this.isClosed = true;
  };

  #refuse(answer: number): number {
    if (!this.inPrivate) throw new DOMException("No space", "QuotaExceededError");
    return answer;
  }

  #resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(0, size));
    this.bytes = bytes;
  }
}

it.each([false, true])("keeps room for the end of a file (in private: %s)", async (inPrivate) => {
  const disk = new SmallDisk(3 * MEGABYTE, inPrivate);
  const onFull = vi.fn();
  const file = new WrittenFile(disk, onFull);
  const writer = file.stream().getWriter();
  const part = new Uint8Array(100_000).fill(1);
  while (onFull.mock.calls.length === 0) {
    await writer.write({ type: "write", data: part, position: file.size });
  }
  expect(disk.bytes.length).toBeLessThanOrEqual(3 * MEGABYTE);
  for (let more = 0; more < 9; more++) {
    await writer.write({ type: "write", data: part, position: file.size });
  }
  expect(onFull).toHaveBeenCalledTimes(1);
  file.close();
  expect(disk.isClosed).toBe(true);
  expect(disk.bytes.length).toBe(file.size);
  expect(disk.bytes.every((byte) => byte === 1)).toBe(true);
});

it.each([false, true])("fails where nothing can be written (in private: %s)", async (inPrivate) => {
  const disk = new SmallDisk(150_000, inPrivate);
  const file = new WrittenFile(disk, () => {});
  const writer = file.stream().getWriter();
  writer.closed.catch(() => {});
  const part = new Uint8Array(100_000);
  await writer.write({ type: "write", data: part, position: 0 });
  await expect(writer.write({ type: "write", data: part, position: 100_000 })).rejects.toThrow(
    expect.objectContaining({ name: "QuotaExceededError" }),
  );
  expect(file.size).toBe(100_000);
});
