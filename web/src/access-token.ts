interface Claims {
  email?: string;
  username?: string;
  name?: string;
  sid?: string;
  exp?: number;
  iat?: number;
  guest_until?: number;
}

/** An access token with times of this computer's clock. It is read without being verified; the server verifies. */
export interface AccessToken {
  readonly raw: string;
  readonly email: string;
  readonly username: string | null;
  /** Null for people without a display name. */
  readonly displayName: string | null;
  /** The id of the login session. */
  readonly session: string;
  /** In milliseconds of this computer's clock. */
  readonly expiresAt: number;
  readonly guestUntil: number | null;
}

function claimsOf(raw: string): Claims {
  const payload = raw.split(".")[1] ?? "";
  const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
}

export function readAccessToken(raw: string, now: number): AccessToken {
  const claims = claimsOf(raw);
  // The server's clock may differ from this computer's: `iat` is the server's time of issue.
  const skew = claims.iat === undefined ? 0 : now - claims.iat * 1000;
  return {
    raw,
    email: claims.email ?? "",
    username: claims.username ?? null,
    displayName: claims.name ?? null,
    session: claims.sid ?? "",
    expiresAt: (claims.exp ?? 0) * 1000 + skew,
    guestUntil: claims.guest_until === undefined ? null : claims.guest_until * 1000 + skew,
  };
}
