/** Codes of refusals that concern neither the person nor the message: the client asks again later. */
export const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "no_answer",
  "unavailable",
  "internal_error",
  "rate_limited",
]);

/** Codes of refusals of a signal to a peer after which it is worth to send it again. */
export const RELAYED_LATER_CODES: ReadonlySet<string> = new Set([
  ...TRANSIENT_CODES,
  "peer_busy",
  // The peer may be about to come back, after a crash of its server.
  "peer_not_found",
]);
