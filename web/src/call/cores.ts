/** How many cores this computer has; one where the browser does not tell. */
export function coresOfThisComputer(): number {
  return globalThis.navigator?.hardwareConcurrency ?? 1;
}
