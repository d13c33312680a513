import { useSyncExternalStore } from "react";
import { NARROW_PX } from "./narrow";

const NARROW = `(max-width: ${NARROW_PX}px)`;

/** Whether the window is narrow; style sheets ask the same. */
export function useIsNarrow(): boolean {
  return useSyncExternalStore(onNarrow, () => matchMedia(NARROW).matches);
}

function onNarrow(changed: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}
