import { fromBase64Url, toBase64Url } from "./base64url";
import type { MemberKey } from "./member-key";

export const SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const WRAPPED_BYTES = NONCE_BYTES + SECRET_BYTES + TAG_BYTES;
const SALT = new TextEncoder().encode("parlour e2ee 1");
const ZERO = "\0";

/** Who wraps a secret for whom, and which of the sender's it is. */
export interface WrapContext {
  /** The epoch of the topology in which the secret is used. */
  readonly epoch: string;
  readonly sender: string;
  readonly receiver: string;
  /** Counts the secrets of a sender. */
  readonly number: number;
}

/** The two ends of a wrap, by this browser's pair and the other one's public part. */
export interface WrapEnds {
  readonly ours: MemberKey;
  readonly theirs: Uint8Array<ArrayBuffer>;
  readonly weSend: boolean;
}

/** Wraps a secret for one receiver. Rejects where their key is no point of the curve. */
export async function wrap(
  secret: Uint8Array<ArrayBuffer>,
  context: WrapContext,
  ends: WrapEnds,
  nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES)),
): Promise<string> {
  const info = infoOf(context, ends);
  const key = await wrappingKey(info, ends, "encrypt");
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: info };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, secret));
  return toBase64Url(new Uint8Array([...nonce, ...sealed]));
}

/** Opens a wrap; null where it was not made by that sender for this browser in that context. */
export async function unwrap(
  text: string,
  context: WrapContext,
  ends: WrapEnds,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = fromBase64Url(text, WRAPPED_BYTES);
  if (!bytes) return null;
  try {
    const info = infoOf(context, ends);
    const key = await wrappingKey(info, ends, "decrypt");
    const algorithm = { name: "AES-GCM", iv: bytes.slice(0, NONCE_BYTES), additionalData: info };
    const sealed = bytes.slice(NONCE_BYTES);
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed));
  } catch {
    return null;
  }
}

/**
 * Binds a wrap to its context and to both public keys. Its parts are set apart by zero bytes.
 * Throws where a part holds one.
 */
export function infoOf(
  { epoch, sender, receiver, number }: WrapContext,
  { ours, theirs, weSend }: WrapEnds,
): Uint8Array<ArrayBuffer> {
  const parts = ["wrap", epoch, sender, receiver, String(number)];
  if (parts.some((part) => part.includes(ZERO))) throw new TypeError("a zero in a name");
  const names = new TextEncoder().encode(parts.map((part) => part + ZERO).join(""));
  const [from, to] = weSend ? [ours.publicBytes, theirs] : [theirs, ours.publicBytes];
  return new Uint8Array([...names, ...from, ...to]);
}

async function wrappingKey(
  info: Uint8Array<ArrayBuffer>,
  { ours, theirs }: WrapEnds,
  use: "encrypt" | "decrypt",
): Promise<CryptoKey> {
  const shared = await ours.sharedWith(theirs);
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: SALT, info };
  return crypto.subtle.deriveKey(algorithm, material, { name: "AES-GCM", length: 256 }, false, [
    use,
  ]);
}
