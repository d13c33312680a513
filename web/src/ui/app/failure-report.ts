const TOKEN = /\beyJ[\w-]*\.[\w-]+(\.[\w-]*)?|(?=[\w-]*\d)[\w-]{20,}(?![\w-]*\.js)/g;
const EMAIL = /[^\s<>"'()@]+@[^\s<>"'()@]+/g;
const AFTER_PATH = /[?#][^\s)'":]*/g;
const LINKS = /\/(verifyclient|verifyguest|verifyemail|reset|stopemail|r)\/[^\s)'"]+/g;
const MAX_LENGTH = 8_000;
/** The most characters of each part, so that searching it for secrets is cheap. */
const MAX_PART = 4_000;

export interface Failed {
  readonly error: unknown;
  readonly componentStack: string;
}

/** Reports a failure to the administrator: what, where, in which browser. It holds nothing secret or personal. */
export function failureReport(
  { error, componentStack }: Failed,
  where: { version: string; path: string; browser: string },
): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return [
    `Parlour ${where.version}`,
    `Page: ${withoutSecrets(where.path)}`,
    `Browser: ${where.browser}`,
    `${name}: ${withoutSecrets(message)}`,
    withoutSecrets(stack ?? ""),
    withoutSecrets(componentStack),
  ]
    .join("\n")
    .slice(0, MAX_LENGTH);
}

/** Removes tokens, addresses and names of rooms. */
export function withoutSecrets(text: string): string {
  return text
    .slice(0, MAX_PART)
    .replace(LINKS, "/$1/…")
    .replace(AFTER_PATH, "")
    .replace(TOKEN, "…")
    .replace(EMAIL, "…@…");
}
