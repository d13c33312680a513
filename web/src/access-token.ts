interface Claims {
  email?: string;
  username?: string;
  name?: string;
  sid?: string;
  exp?: number;
  iat?: number;
  guest_until?: number;
}

/** An access token as this computer's clock sees it. It is read, never checked: that is the server's work. */
export interface AccessToken {
  readonly raw: string;
  readonly email: string;
  readonly username: string | null;
  /** Null where one has none beside the username. */
  readonly displayName: string | null;
  /** The id of the login that it is of. */
  readonly session: string;
  /** Milliseconds of this computer's clock. */
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
  // The server's clock may differ from ours: `iat` is its "now".
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
