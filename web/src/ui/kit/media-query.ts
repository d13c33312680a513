import { useSyncExternalStore } from "react";

const NARROW = "(max-width: 520px)";

/** Whether the window is as narrow as a phone's, or enlarged until it is; style sheets ask the same. */
export function useIsNarrow(): boolean {
  return useSyncExternalStore(onNarrow, () => matchMedia(NARROW).matches);
}

function onNarrow(changed: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}
