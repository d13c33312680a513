import { shortened } from "../../length";

/** What peers tell each other over the channel of files, as JSON; the contents come as binary messages. */
export type FileMessage =
  /** Said when the channel opens: an older client never says it, and is sent nothing. */
  | { readonly kind: "hello" }
  | { readonly kind: "offer"; readonly id: number; readonly file: FileFacts }
  /** Asks for the content from an offset on: all of it, or what is missing after an interruption. */
  | { readonly kind: "accept"; readonly id: number; readonly from: number }
  | { readonly kind: "cancel"; readonly id: number }
  /** The receiver has it all; `intact` says whether it has the hash that was offered. */
  | { readonly kind: "done"; readonly id: number; readonly intact: boolean };

export interface FileFacts {
  readonly name: string;
  readonly size: number;
  readonly type: string;
  /** SHA-256, as 64 hexadecimal digits. */
  readonly hash: string;
}

const VERSION = 1;
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Pictures up to this size are taken and shown without a question. */
export const MAX_SHOWN_BYTES = 2 * 1024 * 1024;
/** Every browser takes messages of this size (RFC 8831, section 6.6). */
export const CHUNK_BYTES = 16 * 1024;
const HEADER_BYTES = 8;
const MAX_LENGTH = 2_000;
const MAX_NAME_LENGTH = 120;
const MAX_ID = 0xffff_ffff;
/** No SVG, which can hold scripts and load others' pages. */
const PICTURES: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
]);
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}<>:"/\\|?*]/gu;

export function isPicture({ type }: Pick<FileFacts, "type">): boolean {
  return PICTURES.has(type);
}

/** Makes a name that is safe to save and to show: no path, no controls, no direction marks, no hidden file. */
export function safeName(name: string): string {
  const clean = name.normalize("NFC").replace(UNSAFE, "_").trim().replace(/^\.+/, "");
  const dot = clean.lastIndexOf(".");
  const ending = dot > 0 && clean.length - dot <= 12 ? clean.slice(dot) : "";
  const stem = clean.slice(0, clean.length - ending.length);
  return (
    `${shortened(stem, MAX_NAME_LENGTH - ending.length)}${ending}`.replace(/[. ]+$/, "") || "_"
  );
}

export function written(message: FileMessage): string {
  return JSON.stringify({ version: VERSION, ...message });
}

/** Reads a message; null for what a later version may mean, and for what no client of ours says. */
export function parseMessage(data: unknown): FileMessage | null {
  if (typeof data !== "string" || data.length > MAX_LENGTH) return null;
  try {
    const message = JSON.parse(data) as Record<string, unknown>;
    return message.version === VERSION ? messageOf(message) : null;
  } catch {
    return null;
  }
}

function messageOf({ kind, id, from, intact, file }: Record<string, unknown>): FileMessage | null {
  if (kind === "hello") return { kind };
  if (!isCount(id, MAX_ID)) return null;
  if (kind === "cancel") return { kind, id };
  if (kind === "accept") return isCount(from, MAX_FILE_BYTES) ? { kind, id, from } : null;
  if (kind === "done") return typeof intact === "boolean" ? { kind, id, intact } : null;
  const facts = kind === "offer" ? factsOf(file) : null;
  return facts && { kind: "offer", id, file: facts };
}

function factsOf(file: unknown): FileFacts | null {
  if (typeof file !== "object" || file === null) return null;
  const { name, size, type, hash } = file as Record<string, unknown>;
  if (typeof name !== "string" || typeof type !== "string" || typeof hash !== "string") return null;
  if (!isCount(size, MAX_FILE_BYTES) || !/^[0-9a-f]{64}$/.test(hash)) return null;
  return { name: safeName(name), size, type: type.slice(0, 100), hash };
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;
}

/** A piece of a file's content. */
export interface Chunk {
  readonly id: number;
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Id and offset as unsigned 32-bit numbers (big endian), then the bytes. */
export function packed({ id, offset, bytes }: Chunk): ArrayBuffer {
  const message = new Uint8Array(HEADER_BYTES + bytes.length);
  const header = new DataView(message.buffer);
  header.setUint32(0, id);
  header.setUint32(4, offset);
  message.set(bytes, HEADER_BYTES);
  return message.buffer;
}

export function unpacked(data: unknown): Chunk | null {
  if (!(data instanceof ArrayBuffer)) return null;
  if (data.byteLength <= HEADER_BYTES || data.byteLength > HEADER_BYTES + CHUNK_BYTES) return null;
  const header = new DataView(data);
  const bytes = new Uint8Array(data, HEADER_BYTES);
  return { id: header.getUint32(0), offset: header.getUint32(4), bytes };
}
