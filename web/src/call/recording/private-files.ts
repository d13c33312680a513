import type { RecordingFile } from "./recorder-messages";

/** Finds the folder of a file among the private files of this origin (OPFS), and makes it where it is missing. */
export async function folderOf(folder: readonly string[]): Promise<FileSystemDirectoryHandle> {
  let handle = await navigator.storage.getDirectory();
  for (const name of folder) handle = await handle.getDirectoryHandle(name, { create: true });
  return handle;
}

export async function fileHandle(
  { folder, name }: RecordingFile,
  options: FileSystemGetFileOptions = {},
): Promise<FileSystemFileHandle> {
  return (await folderOf(folder)).getFileHandle(name, options);
}

export async function removeFile({ folder, name }: RecordingFile): Promise<void> {
  await (await folderOf(folder)).removeEntry(name);
}

/** Bytes that this site may still write; null where the browser does not tell. */
export async function freeBytes(): Promise<number | null> {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? null : Math.max(0, quota - (usage ?? 0));
  } catch {
    return null;
  }
}
