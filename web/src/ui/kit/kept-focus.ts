import { useEffect } from "react";

/**
 * Moves the focus to the open dialog, else to the page's heading, where the focused element goes away or is disabled.
 * Browsers would move it to the body, so that keyboard users begin again at the top and screen readers say nothing. It
 * happens two frames later, since a dialog that closes may return the focus to an element of its own choice.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    let frame = 0;
    const note = (event: FocusEvent) => {
      last = event.target instanceof Element ? event.target : null;
    };
    const isGone = () => last !== null && (!last.isConnected || last.matches(":disabled"));
    const recover = () => {
      if (!isGone() || document.activeElement !== document.body) return;
      const place = placeForFocus();
      if (!place?.hasAttribute("tabindex")) place?.setAttribute("tabindex", "-1");
      place?.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(() => {
      // A disabled element keeps the focus until the next frame.
      if (!isGone()) return;
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        frame = requestAnimationFrame(recover);
      });
    });
    document.addEventListener("focusin", note);
    observer.observe(document.body, {
      childList: true,
      subtree: true,
      attributeFilter: ["disabled"],
    });
    return () => {
      document.removeEventListener("focusin", note);
      observer.disconnect();
      cancelAnimationFrame(frame);
    };
  }, []);
}

/** What is behind an open dialog takes no focus, and a dialog without the focus hears no Escape. */
function placeForFocus(): HTMLElement | null {
  const dialogs = document.querySelectorAll<HTMLElement>(".modal [role=dialog]");
  const heading = document.querySelector<HTMLElement>("h1");
  return dialogs.item(dialogs.length - 1) ?? heading ?? document.querySelector("main");
}
