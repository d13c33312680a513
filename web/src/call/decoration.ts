/**
 * Makes something that a call can do without: a level meter, a picture, a sound. Where the browser has it not,
 * or fails at it, that is logged and the call goes on without; then the answer is null.
 */
export function decoration<T>(what: string, make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    console.warn(`Without ${what}`, error);
    return null;
  }
}
