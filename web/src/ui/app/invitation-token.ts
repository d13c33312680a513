const FRAGMENT = "#invitation=";

/** Reads the token of an invitation's link from the fragment, which no server logs. */
export function invitationToken(hash: string): string | null {
  return hash.startsWith(FRAGMENT) ? hash.slice(FRAGMENT.length) : null;
}
