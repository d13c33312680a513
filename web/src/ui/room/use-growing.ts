import { useCallback, useState } from "react";
import { bestEffort } from "../../call/best-effort";

const AT_FIRST = 40;
const MORE = 40;
/** How far below what is seen the next ones are made, in pixels. */
const AHEAD = "600px";

/**
 * Makes a long list as far as it is looked at: some hundred rows at once would hold up the page. Returns how many rows
 * to show, and the ref of an element that stands behind them, whose coming into sight brings more.
 */
export function useGrowing(total: number): [number, (end: HTMLElement | null) => void] {
  const [most, setMost] = useState(AT_FIRST);
  const shown = Math.min(most, total);
  const isWhole = shown === total;
  const end = useCallback(
    (element: HTMLElement | null) => {
      if (!element || isWhole) return;
      const grow = () => setMost(shown + MORE);
      const root = element.closest(".panel-body");
      const observer = bestEffort("a list that grows", () => {
        const created = new IntersectionObserver(
          (entries) => {
            if (entries.some(({ isIntersecting }) => isIntersecting)) grow();
          },
          { root, rootMargin: AHEAD },
        );
        created.observe(element);
        return created;
      });
      if (!observer) grow();
      return () => observer?.disconnect();
    },
    [isWhole, shown],
  );
  return [shown, end];
}
