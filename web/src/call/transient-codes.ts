/** Codes of refusals that concern neither the person nor the message: the client asks again later. */
export const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "no_answer",
  "unavailable",
  "internal_error",
  "rate_limited",
]);
