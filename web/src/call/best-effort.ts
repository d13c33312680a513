/**
 * Runs something that a call can do without: a level meter, a picture, a sound. Where the browser lacks it or
 * fails at it, the failure is logged, the call goes on without it, and the answer is null.
 */
export function bestEffort<T>(feature: string, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    console.warn(`Without ${feature}`, error);
    return null;
  }
}
