/** What LiveKit's worker says of a participant whose frames it handles from now on. */
interface EnableWord {
  readonly kind?: string;
  readonly data?: { readonly participantIdentity?: string };
}

/**
 * Drops what LiveKit's worker says of a participant that has left meanwhile: its client throws then. Call it before
 * that client listens.
 */
export function dropLateWords(worker: EventTarget, isThere: (identity: string) => boolean): void {
  worker.addEventListener("message", (event) => {
    const { kind, data } = (event as MessageEvent<EnableWord>).data;
    const identity = data?.participantIdentity;
    if (kind === "enable" && identity && !isThere(identity)) event.stopImmediatePropagation();
  });
}
