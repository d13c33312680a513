import { type RefObject, useEffect } from "react";
import { type Corner, nearestCorner } from "./own-corner";
import { isRightToLeft } from "./writing";

/** Shorter movements are clicks. */
const LEAST = 6;

/** Lets a tile be dragged; where it is let go, it is told the nearest corner. Null for a tile that stands still. */
export function useCornerDrag(
  tile: RefObject<HTMLElement | null>,
  onCorner: ((corner: Corner) => void) | null,
): void {
  useEffect(() => {
    const element = tile.current;
    if (!element || !onCorner) return;
    const ending = new AbortController();
    const { signal } = ending;
    let from: PointerEvent | null = null;
    const movement = (event: PointerEvent, start: PointerEvent) => ({
      x: event.clientX - start.clientX,
      y: event.clientY - start.clientY,
    });
    const begin = (event: PointerEvent) => {
      const { target, button, pointerId } = event;
      if (button !== 0 || (target instanceof Element && target.closest("button"))) return;
      from = event;
      element.setPointerCapture(pointerId);
    };
    const move = (event: PointerEvent) => {
      if (!from) return;
      const { x, y } = movement(event, from);
      if (Math.hypot(x, y) >= LEAST) element.style.translate = `${x}px ${y}px`;
    };
    const end = (event: PointerEvent) => {
      const start = from;
      from = null;
      element.style.translate = "";
      if (!start || event.type === "pointercancel") return;
      const { x, y } = movement(event, start);
      if (Math.hypot(x, y) >= LEAST) onCorner(cornerAt(element, { x, y }));
    };
    element.addEventListener("pointerdown", begin, { signal });
    element.addEventListener("pointermove", move, { signal });
    element.addEventListener("pointerup", end, { signal });
    element.addEventListener("pointercancel", end, { signal });
    return () => {
      ending.abort();
      element.style.translate = "";
    };
  }, [tile, onCorner]);
}

function cornerAt(element: HTMLElement, moved: { x: number; y: number }): Corner {
  const { offsetParent, offsetLeft, offsetTop, offsetWidth: width, offsetHeight: height } = element;
  const stage = {
    width: offsetParent?.clientWidth ?? width,
    height: offsetParent?.clientHeight ?? height,
  };
  const left = offsetLeft + moved.x;
  const fromStart = isRightToLeft(element) ? stage.width - left - width : left;
  return nearestCorner(stage, { left: fromStart, top: offsetTop + moved.y, width, height });
}
