/**
 * The path below which the server serves this client, such as "/meet"; empty at the root of a site. The server
 * writes it into the page, so that one build works below any path.
 */
export const BASE_PATH = writtenBasePath();

function writtenBasePath(): string {
  if (typeof document === "undefined") return "";
  const meta = document.querySelector<HTMLMetaElement>('meta[name="parlour-base-path"]');
  return meta?.content ?? "";
}

/** Turns a path of the client into the browser's path; other addresses stay as they are. */
export function withBasePath(href: string, base: string = BASE_PATH): string {
  return href.startsWith("/") && !href.startsWith("//") ? base + href : href;
}

export function isBelowBasePath(pathname: string, base: string = BASE_PATH): boolean {
  return pathname === base || pathname.startsWith(`${base}/`);
}

/** Turns a browser's path into the path of the client. */
export function withoutBasePath(pathname: string, base: string = BASE_PATH): string {
  return (isBelowBasePath(pathname, base) ? pathname.slice(base.length) : pathname) || "/";
}
