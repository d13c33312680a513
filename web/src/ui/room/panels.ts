import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Panel } from "./controls";

/** Keeps which panel is open. Escape closes it and returns the focus to the button that opened it. */
export function usePanels(call: RefObject<HTMLElement | null>) {
  const [panel, setPanel] = useState<Panel | null>(null);
  const opener = useRef<Element | null>(null);
  const show = useCallback((wanted: Panel | null) => {
    if (wanted) opener.current = document.activeElement;
    setPanel(wanted);
  }, []);
  const close = useCallback(() => {
    // In a small window the button that opened it is hidden meanwhile, and takes no focus.
    flushSync(() => setPanel(null));
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }, []);
  useEffect(() => {
    if (!panel) return;
    // A DOM listener, since fields of React Aria stop the propagation of React's events. Menus and dialogs lie outside the call.
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || event.keyCode === 229) return;
      const { target } = event;
      if (target instanceof Element && target.closest("[data-keeps-escape]")) return;
      const within = target === document.body || call.current?.contains(target as Node);
      if (within && !document.fullscreenElement) close();
    };
    document.body.addEventListener("keydown", onKey, true);
    return () => document.body.removeEventListener("keydown", onKey, true);
  }, [panel, call, close]);
  return { panel, show, close };
}
