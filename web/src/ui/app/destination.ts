import { isUrl } from "../../urls";

/** Where one wanted to go before one had to log in; kept over the detour through the mail. */
const KEY = "parlour.destination";
const KEPT_MS = 60 * 60 * 1000;
/** Stands for our own site, whatever it is called: a destination must not lead away from it. */
const OWN = "https://own.invalid";

/**
 * The path, query and fragment that a destination leads to on our own site; null where it leads to
 * another one. Judged after the URL parser has had its way (WHATWG URL), since that drops tabs and line
 * feeds, takes a backslash for a slash and resolves dots: `/%09/evil.example` is `//evil.example`. What
 * it makes is parsed once more, because `/.//evil.example` becomes a path that is another site's address.
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
    // Then one arrives at home.
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
