import { fromBase64Url, toBase64Url } from "./base64url";

/** P-256 (FIPS 186-5), which all browsers with frame encryption have; not all of them have X25519. */
const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;
const SHARED_BITS = 256;
/** The bytes of an uncompressed point (SEC 1, section 2.3.3). */
const PUBLIC_BYTES = 65;

/** The pair of keys by which the others in a call wrap their secrets for this browser. */
export class MemberKey {
  private constructor(
    private readonly privateKey: CryptoKey,
    readonly publicBytes: Uint8Array<ArrayBuffer>,
  ) {}

  /** Makes a pair whose private part nobody can read. Rejects where the browser cannot. */
  static async generate(): Promise<MemberKey> {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
    return MemberKey.of(privateKey, publicKey);
  }

  static async of(privateKey: CryptoKey, publicKey: CryptoKey): Promise<MemberKey> {
    const raw = await crypto.subtle.exportKey("raw", publicKey);
    return new MemberKey(privateKey, new Uint8Array(raw));
  }

  /** The public part as signaling carries it. */
  get text(): string {
    return toBase64Url(this.publicBytes);
  }

  /** The 32 bytes that both ends compute. Rejects where the other key is no point of the curve. */
  async sharedWith(theirs: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
    const publicKey = await crypto.subtle.importKey("raw", theirs, CURVE, false, []);
    const algorithm = { ...CURVE, public: publicKey };
    return crypto.subtle.deriveBits(algorithm, this.privateKey, SHARED_BITS);
  }
}

/** Reads the public part of a member key; null for what cannot be one. */
export function readMemberKey(text: string | undefined): Uint8Array<ArrayBuffer> | null {
  return text === undefined ? null : fromBase64Url(text, PUBLIC_BYTES);
}

/** What a security code covers of a member key, in the form of a certificate's fingerprint (RFC 8122). */
export async function memberFingerprint(publicBytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", publicBytes));
  const pairs = [...digest].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase());
  return `member-key ${pairs.join(":")}`;
}
