/** A size in megabytes, at least a hundredth: for a text, which writes it as its language does. */
export function megabytes(bytes: number): number {
  return Math.max(0.01, Math.round(bytes / 10_000) / 100);
}
