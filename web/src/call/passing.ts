/** Refusals that say nothing about the person or the message: the server will be well again; ask again. */
export const PASSING: ReadonlySet<string> = new Set([
  "no_answer",
  "unavailable",
  "internal_error",
  "rate_limited",
]);
