/** Settles after a time, or as soon as the check is ended. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, signal.aborted ? 0 : ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The value of a promise, or null where it takes too long or the check is ended. */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  promise: Promise<T>,
): Promise<T | null> {
  const over = new AbortController();
  const late = pause(ms, AbortSignal.any([signal, over.signal])).then(() => null);
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
