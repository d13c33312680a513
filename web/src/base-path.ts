/**
 * The path below which this Parlour is served, such as "/meet"; empty at the root of a site. The server
 * writes it into the page, since one build is served below any path.
 */
export const BASE_PATH = writtenBasePath();

function writtenBasePath(): string {
  if (typeof document === "undefined") return "";
  const meta = document.querySelector<HTMLMetaElement>('meta[name="parlour-base-path"]');
  return meta?.content ?? "";
}

/** The address that a browser knows a path of ours by; what is no path of ours stays as it is. */
export function withBasePath(href: string, base: string = BASE_PATH): string {
  return href.startsWith("/") && !href.startsWith("//") ? base + href : href;
}

export function isBelowBasePath(pathname: string, base: string = BASE_PATH): boolean {
  return pathname === base || pathname.startsWith(`${base}/`);
}

/** The path of ours that a browser's address means. */
export function withoutBasePath(pathname: string, base: string = BASE_PATH): string {
  return (isBelowBasePath(pathname, base) ? pathname.slice(base.length) : pathname) || "/";
}
