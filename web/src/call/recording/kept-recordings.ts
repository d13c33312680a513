import { rememberRecordings } from "../../recordings-flag";
import { folderOf, removeFile } from "./private-files";
import type { RecorderNews, RecorderOrder, RecordingFile } from "./recorder-messages";

const FOLDER = "recordings";
const WHOLE = ".webm";
/** The end of the name while it is written. It stays where the page dies before it is whole. */
const PART = ".webm.part";
/** The end of the name where the recording has ended without its end, such as on a full disk. */
const CUT = ".webm.cut";
const LONGEST_NAME = 64;
/** With less than this, there is nothing but the head of a file. */
const LEAST_BYTES = 1_000;

/** A recording that is kept among the private files of this origin until it is saved or deleted. */
export interface KeptRecording {
  readonly file: RecordingFile;
  readonly room: string;
  readonly startedAt: Date;
  readonly bytes: number;
  /** False where its end is missing. */
  readonly isWhole: boolean;
  /** Whether its end is missing since it could not be written, rather than since the page was closed. */
  readonly isCut: boolean;
  /** Whether a page writes it right now. */
  readonly isBusy: boolean;
}

type Moving = FileSystemFileHandle & { move?(name: string): Promise<void> };
type PickerWindow = {
  showSaveFilePicker?(options: object): Promise<FileSystemFileHandle>;
};
type Listed = FileSystemDirectoryHandle & {
  values(): AsyncIterable<FileSystemDirectoryHandle | FileSystemFileHandle>;
};

/** Names a part of a path: what has a meaning there is replaced. */
function safe(text: string): string {
  const plain = [...text].slice(0, LONGEST_NAME).join("");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return plain.replaceAll(/[\u0000-\u001f/\\:*?"<>|]/g, "_").replace(/^\.+$/, "_");
}

export function newRecordingFile(account: string, room: string, now: Date): RecordingFile {
  rememberRecordings(true);
  return { folder: [FOLDER, safe(account)], name: `${now.getTime()} ${safe(room)}${PART}` };
}

/** The name under which a recording is saved. */
export function savedName({ room, startedAt }: Pick<KeptRecording, "room" | "startedAt">): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const day = `${startedAt.getFullYear()}-${pad(startedAt.getMonth() + 1)}-${pad(startedAt.getDate())}`;
  return `${safe(room)} ${day} ${pad(startedAt.getHours())}.${pad(startedAt.getMinutes())}${WHOLE}`;
}

/** Understands a file's name; null for any other file. */
export function parseName(
  name: string,
): Pick<KeptRecording, "room" | "startedAt" | "isWhole" | "isCut"> | null {
  const match = /^(\d{1,15}) (.*)\.webm(\.part|\.cut)?$/s.exec(name);
  if (!match) return null;
  const [, time, room = "", end] = match;
  const startedAt = new Date(Number(time));
  return { room, startedAt, isWhole: end === undefined, isCut: end === ".cut" };
}

function lockOf({ folder, name }: RecordingFile): string {
  return ["parlour", ...folder, name].join(" ");
}

/** Holds a recording until the returned function is called, so that nobody else saves or deletes it meanwhile. */
export function hold(file: RecordingFile): () => void {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  void navigator.locks.request(lockOf(file), () => held).catch(() => {});
  return release;
}

/**
 * Notes that a recording has ended, and whether it is whole. Where the browser renames no files, each counts as cut
 * off, and is made whole when it is saved.
 */
export async function noteEnd({ folder, name }: RecordingFile, isWhole: boolean): Promise<void> {
  const handle: Moving = await (await folderOf(folder)).getFileHandle(name);
  await handle.move?.(name.slice(0, -PART.length) + (isWhole ? WHOLE : CUT));
}

/** Waits until no page writes the recording. */
export async function whenFree({ file }: KeptRecording, signal: AbortSignal): Promise<void> {
  await navigator.locks.request(lockOf(file), { signal }, () => {});
}

/** The recordings of an account in this browser, the latest first. */
export async function keptRecordings(account: string): Promise<KeptRecording[]> {
  const path = [FOLDER, safe(account)];
  const folder = (await folderOf(path)) as Listed;
  const { held = [] } = await navigator.locks.query();
  const found: KeptRecording[] = [];
  for await (const handle of folder.values()) {
    const parsed = parseName(handle.name);
    if (!parsed || handle.kind !== "file") continue;
    const file = { folder: path, name: handle.name };
    const isBusy = held.some((lock) => lock.name === lockOf(file));
    const { size: bytes } = await (handle as FileSystemFileHandle).getFile();
    if (bytes >= LEAST_BYTES || isBusy) found.push({ file, ...parsed, bytes, isBusy });
    else await folder.removeEntry(handle.name);
  }
  if (found.length === 0) rememberRecordings(false);
  return found.sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
}

export async function removeRecording({ file }: KeptRecording): Promise<void> {
  await removeFile(file);
}

/**
 * Saves a recording where the person chooses, and deletes it here then. Browsers that cannot ask download it; whether
 * they are done nobody can tell, so it stays until it is deleted. False where the person chose nothing.
 */
export async function saveRecording(recording: KeptRecording): Promise<boolean> {
  const suggestedName = savedName(recording);
  const picker = window as PickerWindow;
  if (!picker.showSaveFilePicker) {
    download(await readable(await whole(recording)), suggestedName);
    return true;
  }
  const types = [{ accept: { "video/webm": [WHOLE] } }];
  const target = await picker.showSaveFilePicker({ suggestedName, types }).catch(() => null);
  if (!target) return false;
  const complete = await whole(recording);
  await (await readable(complete)).stream().pipeTo(await target.createWritable());
  await removeRecording(complete);
  return true;
}

async function readable({ file }: KeptRecording): Promise<File> {
  return (await (await folderOf(file.folder)).getFileHandle(file.name)).getFile();
}

function download(file: File, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Makes a recording whole whose end is missing; what cannot be mended is given as it is. */
async function whole(recording: KeptRecording): Promise<KeptRecording> {
  if (recording.isWhole) return recording;
  const { folder, name } = recording.file;
  const file = { folder, name: name.replace(/\.webm\.\w+$/, WHOLE) };
  if (!(await repaired(recording.file, file))) return recording;
  await removeRecording(recording);
  return { ...recording, file, isWhole: true, isCut: false };
}

function repaired(file: RecordingFile, into: RecordingFile): Promise<boolean> {
  const worker = newRecorderWorker();
  return new Promise<boolean>((resolve) => {
    worker.onerror = () => resolve(false);
    worker.onmessage = ({ data }: MessageEvent<RecorderNews>) =>
      resolve(data.kind === "repaired" && data.ok);
    worker.postMessage({ kind: "repair", file, repaired: into } satisfies RecorderOrder);
  }).finally(() => worker.terminate());
}

export function newRecorderWorker(): Worker {
  return new Worker(new URL("./recorder-worker.ts", import.meta.url), { type: "module" });
}
