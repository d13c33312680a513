import { useSyncExternalStore } from "react";

/** What is in full screen hides the rest of the page, so notifications, dialogs and hints belong into it. */
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
