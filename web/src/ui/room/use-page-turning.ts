import { type RefObject, useEffect, useRef } from "react";
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
  const current = useRef(turn);
  current.current = turn;
  const turns = turn !== null;
  useEffect(() => {
    const element = stage.current;
    if (!element || !turns) return;
    const ending = new AbortController();
    const { signal } = ending;
    const onKey = (event: KeyboardEvent) => {
      const { target, altKey, ctrlKey, metaKey, shiftKey } = event;
      const by = KEYS[event.key];
      if (!by || altKey || ctrlKey || metaKey || shiftKey || event.defaultPrevented) return;
      if (target instanceof Element && target.closest(ELSEWHERE)) return;
      event.preventDefault();
      current.current?.(by);
    };
    let from: Point | null = null;
    const begin = ({ pointerType, isPrimary, clientX: x, clientY: y }: PointerEvent) => {
      from = pointerType === "touch" && isPrimary ? { x, y } : null;
    };
    const end = ({ clientX: x, clientY: y }: PointerEvent) => {
      const by = from && pagesTurned(from, { x, y }, { isRtl: isRightToLeft(element) });
      from = null;
      if (by) current.current?.(by);
    };
    const cancel = () => {
      from = null;
    };
    document.addEventListener("keydown", onKey, { signal });
    element.addEventListener("pointerdown", begin, { signal });
    // The tile under the finger may go while it moves, and what comes next would not pass the stage.
    document.addEventListener("pointerup", end, { signal, capture: true });
    document.addEventListener("pointercancel", cancel, { signal, capture: true });
    return () => ending.abort();
  }, [stage, turns]);
}
