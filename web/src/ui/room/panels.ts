import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { Panel } from "./controls";

/** Which panel is open. Escape closes it, and the focus goes back to where it was opened. */
export function usePanels(call: RefObject<HTMLElement | null>) {
  const [panel, setPanel] = useState<Panel | null>(null);
  const opener = useRef<Element | null>(null);
  const show = useCallback((wanted: Panel | null) => {
    if (wanted) opener.current = document.activeElement;
    setPanel(wanted);
  }, []);
  const close = useCallback(() => {
    setPanel(null);
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }, []);
  useEffect(() => {
    if (!panel) return;
    // Not by React, where fields keep their keys to themselves. Menus and dialogs lie outside of the call.
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || event.keyCode === 229) return;
      const { target } = event;
      const within = target === document.body || call.current?.contains(target as Node);
      if (within && !document.fullscreenElement) close();
    };
    document.body.addEventListener("keydown", onKey, true);
    return () => document.body.removeEventListener("keydown", onKey, true);
  }, [panel, call, close]);
  return { panel, show, close };
}
