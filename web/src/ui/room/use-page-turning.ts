import { type RefObject, useEffect } from "react";
import { type Point, pagesTurned } from "./swipe";
import { isRightToLeft } from "./writing";

const KEYS: Readonly<Record<string, number>> = { PageUp: -1, PageDown: 1 };
/** Where these keys do something else. */
const ELSEWHERE = ["input", "textarea", "select", ".panel", "[role=menu]", "[role=dialog]"].join();

/** Turns pages by the keys and by swiping over the stage. */
export function usePageTurning(
  stage: RefObject<HTMLElement | null>,
  turn: ((by: number) => void) | null,
): void {
  useEffect(() => {
    const element = stage.current;
    if (!element || !turn) return;
    const ending = new AbortController();
    const { signal } = ending;
    const onKey = (event: KeyboardEvent) => {
      const { target, altKey, ctrlKey, metaKey, shiftKey } = event;
      const by = KEYS[event.key];
      if (!by || altKey || ctrlKey || metaKey || shiftKey || event.defaultPrevented) return;
      if (target instanceof Element && target.closest(ELSEWHERE)) return;
      event.preventDefault();
      turn(by);
    };
    let from: Point | null = null;
    const begin = ({ pointerType, isPrimary, clientX: x, clientY: y }: PointerEvent) => {
      from = pointerType === "touch" && isPrimary ? { x, y } : null;
    };
    const end = ({ clientX: x, clientY: y }: PointerEvent) => {
      const by = from && pagesTurned(from, { x, y }, { isRtl: isRightToLeft(element) });
      from = null;
      if (by) turn(by);
    };
    const cancel = () => {
      from = null;
    };
    document.addEventListener("keydown", onKey, { signal });
    element.addEventListener("pointerdown", begin, { signal });
    element.addEventListener("pointerup", end, { signal });
    element.addEventListener("pointercancel", cancel, { signal });
    return () => ending.abort();
  }, [stage, turn]);
}
