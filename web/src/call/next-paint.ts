/** A hidden page paints nothing, and one that is busy paints late. */
const AFTER_MS = 100;

/** Runs work once, before the next paint or soon. Returns how to cancel it. */
export function beforeNextPaint(work: () => void): () => void {
  const cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const run = () => {
    cancel();
    work();
  };
  const frame = requestAnimationFrame(run);
  const timer = setTimeout(run, AFTER_MS);
  return cancel;
}
