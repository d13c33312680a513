/**
 * What the handshake of a connection says of the room for which it is made: servers that are several bring the people
 * of a room together by it. It is the beginning of a hash, so that the names of rooms are not in the logs of proxies;
 * who has a log and guesses a name can still tell whether it is that one. Null in browsers without SHA-256, which have
 * it on https and localhost alone.
 */
export async function roomHash(name: string): Promise<string | null> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  const text = new TextEncoder().encode(name.trim().normalize("NFC"));
  const digest = new Uint8Array(await subtle.digest("SHA-256", text));
  return Array.from(digest.subarray(0, HASH_BYTES), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

const HASH_BYTES = 4;
