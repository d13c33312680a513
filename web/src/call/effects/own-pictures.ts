/** The most pictures of a person's own that are kept. */
export const MAX_OWN_PICTURES = 6;
/** The largest file that is read. */
export const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** Larger pictures are made smaller: no camera sends more. */
const MAX_SIZE = { width: 1280, height: 720 };
const DATABASE = "parlour-backgrounds";
const STORE = "pictures";

export interface OwnPicture {
  readonly id: string;
  readonly blob: Blob;
  /** When it was added, in milliseconds since 1970: the order in which they are shown. */
  readonly added: number;
}

/** Thrown for a file that is no picture, or too large. */
export class NotAPicture extends Error {}

/** Thrown where as many pictures are kept as may be. */
export class TooManyPictures extends Error {}

/** Lists the pictures that are kept in this browser, and nowhere else, the oldest first. */
export async function ownPictures(): Promise<OwnPicture[]> {
  const all = await using("readonly", (store) => store.getAll() as IDBRequest<OwnPicture[]>);
  return all.sort((a, b) => a.added - b.added);
}

export async function loadOwnPicture(id: string): Promise<Blob | null> {
  const found = await using("readonly", (store) => store.get(id));
  return (found as OwnPicture | undefined)?.blob ?? null;
}

/** Keeps a picture from a file, as small as a camera's. The file itself is not kept, nor what it says of its origin. */
export async function addOwnPicture(file: Blob): Promise<OwnPicture> {
  if (file.size > MAX_FILE_BYTES) throw new NotAPicture();
  const blob = await shrunk(file);
  if ((await ownPictures()).length >= MAX_OWN_PICTURES) throw new TooManyPictures();
  const picture = { id: crypto.randomUUID(), blob, added: Date.now() };
  await using("readwrite", (store) => store.put(picture));
  return picture;
}

export async function removeOwnPicture(id: string): Promise<void> {
  await using("readwrite", (store) => store.delete(id));
}

async function shrunk(file: Blob): Promise<Blob> {
  const image = await createImageBitmap(file).catch((error: unknown) => {
    throw new NotAPicture(undefined, { cause: error });
  });
  const scale = Math.min(1, MAX_SIZE.width / image.width, MAX_SIZE.height / image.height);
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(image.width * scale)),
    Math.max(1, Math.round(image.height * scale)),
  );
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

async function using<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener("upgradeneeded", () => {
    opening.result.createObjectStore(STORE, { keyPath: "id" });
  });
  const database = await settled(opening);
  try {
    return await settled(act(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
