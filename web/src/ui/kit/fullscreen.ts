import { useSyncExternalStore } from "react";

/** The element for notifications, dialogs and hints: an element in full screen hides everything outside it. */
export function overlayContainer(): HTMLElement {
  const { fullscreenElement } = document;
  return fullscreenElement instanceof HTMLElement ? fullscreenElement : document.body;
}

export function useFullscreenElement(): Element | null {
  return useSyncExternalStore(onFullscreen, () => document.fullscreenElement);
}

function onFullscreen(changed: () => void): () => void {
  document.addEventListener("fullscreenchange", changed);
  return () => document.removeEventListener("fullscreenchange", changed);
}
