/** Where one wanted to go before one had to log in; kept over the detour through the mail. */
const KEY = "parlour.destination";
const KEPT_MS = 60 * 60 * 1000;

/** Paths of our own only: an address of another site must not ride on a login. */
export function safeDestination(path: string | null | undefined): string | null {
  return path && /^\/(?![/\\])/.test(path) ? path : null;
}

export function withDestination(path: string, destination: string | null): string {
  if (!destination) return path;
  const separator = path.includes("?") ? "&" : "?";
  return `${path}${separator}next=${encodeURIComponent(destination)}`;
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
    return until > Date.now() ? safeDestination(destination) : null;
  } catch {
    return null;
  }
}

export const roomPath = (name: string) => `/r/${encodeURIComponent(name)}`;
