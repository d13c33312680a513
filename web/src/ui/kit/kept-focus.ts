import { useEffect } from "react";

/**
 * Where the element that has the focus goes away, browsers let the focus fall to the body: who works by
 * keyboard begins again at the top, and a screen reader says nothing. Then the page's heading gets it. Two
 * frames later, since what closes may have a place of its own to give the focus back to.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    let frame = 0;
    const note = (event: FocusEvent) => {
      last = event.target instanceof Element ? event.target : null;
    };
    const isLost = () =>
      last !== null && !last.isConnected && document.activeElement === document.body;
    const recover = () => {
      if (!isLost()) return;
      const place = document.querySelector<HTMLElement>("h1") ?? document.querySelector("main");
      place?.setAttribute("tabindex", "-1");
      place?.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(() => {
      if (!isLost()) return;
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        frame = requestAnimationFrame(recover);
      });
    });
    document.addEventListener("focusin", note);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener("focusin", note);
      observer.disconnect();
      cancelAnimationFrame(frame);
    };
  }, []);
}
