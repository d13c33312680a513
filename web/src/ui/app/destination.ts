import { isUrl } from "../../urls";

/** The page to open after a login or a confirmation by email. */
const KEY = "parlour.destination";
const KEPT_MS = 60 * 60 * 1000;
/** A stand-in for our own origin: a destination must not lead away from it. */
const OWN = "https://own.invalid";

/**
 * Gives the path, query and fragment of a destination on our own site; null where it leads to another site. It is
 * judged after parsing (WHATWG URL), since the parser drops tabs and line feeds, reads a backslash as a slash and
 * resolves dots: `/%09/evil.example` is `//evil.example`. The result is parsed once more, since `/.//evil.example`
 * becomes a path that is another site's address.
 */
export function safeDestination(destination: string | null | undefined): string | null {
  const found = destination ? ownUrl(destination) : null;
  if (!found) return null;
  const path = found.pathname + found.search + found.hash;
  return ownUrl(path)?.href === found.href ? path : null;
}

function ownUrl(text: string): URL | null {
  if (!text.startsWith("/") || !isUrl(text, OWN)) return null;
  const url = new URL(text, OWN);
  return url.origin === OWN ? url : null;
}

export function withDestination(path: string, destination: string | null): string {
  const safe = safeDestination(destination);
  if (!safe) return path;
  const separator = path.includes("?") ? "&" : "?";
  return `${path}${separator}next=${encodeURIComponent(safe)}`;
}

export function keepDestination(destination: string | null): void {
  try {
    const kept = { destination, until: Date.now() + KEPT_MS };
    if (destination) localStorage.setItem(KEY, JSON.stringify(kept));
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage, the home page is opened instead.
  }
}

export function keptDestination(): string | null {
  try {
    const { destination, until } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return until > Date.now() && typeof destination === "string"
      ? safeDestination(destination)
      : null;
  } catch {
    return null;
  }
}

export const roomPath = (name: string) => `/r/${encodeURIComponent(name)}`;
