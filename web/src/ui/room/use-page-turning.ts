import { type RefObject, useEffect, useRef } from "react";
import { type Point, pagesTurned } from "./swipe";
import { isRightToLeft } from "./writing";

const KEYS: Readonly<Record<string, number>> = { PageUp: -1, PageDown: 1 };
/** Where these keys do something else. */
const ELSEWHERE = ["input", "textarea", "select", ".panel", "[role=menu]", "[role=dialog]"].join();

/**
 * Turns pages by the keys and by swiping over the stage. Swipes are touch events: a pointer is cancelled where the page
 * is busy when the finger comes down, as the browser then takes the movement for its own and goes on without the page.
 */
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
    const begin = ({ target, touches }: TouchEvent) => {
      from = touches.length === 1 ? pointOf(touches) : null;
      // A touch stays its target's, also when that tile goes meanwhile: then it does not pass the stage any more.
      target?.addEventListener("touchend", end, { signal, once: true, passive: true });
    };
    const end: EventListener = (event) => {
      const to = pointOf((event as TouchEvent).changedTouches);
      const by = from && to && pagesTurned(from, to, { isRtl: isRightToLeft(element) });
      from = null;
      if (by) current.current?.(by);
    };
    document.addEventListener("keydown", onKey, { signal });
    element.addEventListener("touchstart", begin, { signal, passive: true });
    return () => ending.abort();
  }, [stage, turns]);
}

function pointOf(touches: TouchList): Point | null {
  const touch = touches.item(0);
  return touch && { x: touch.clientX, y: touch.clientY };
}
