import { useSyncExternalStore } from "react";

/** The element for notifications, dialogs and hints: an element in full screen hides everything outside it. */
export function overlayContainer(): HTMLElement {
  const { fullscreenElement, body } = document;
  const isPart = fullscreenElement instanceof HTMLElement && body.contains(fullscreenElement);
  return isPart ? fullscreenElement : body;
}

export function useFullscreenElement(): Element | null {
  return useSyncExternalStore(onFullscreen, () => document.fullscreenElement);
}

function onFullscreen(changed: () => void): () => void {
  document.addEventListener("fullscreenchange", changed);
  return () => document.removeEventListener("fullscreenchange", changed);
}
