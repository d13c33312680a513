import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ChatEntry } from "../../../call/chat-entries";
import { scrolledUpBy } from "./scroll-position";

/** Pixels from an edge at which more is shown. */
const NEAR = 120;
const AT_END = 40;

interface Edges {
  /** Whether the newest message is among the shown ones. */
  isNewest: boolean;
  onTop(): void;
  onBottom(): void;
}

/**
 * Keeps what is read in its place while messages come above and below, or change; at the end of the list, it keeps
 * to the end. The browser's own anchoring is switched off by the styles, since it would move what is moved here.
 */
export function useKeptScroll(shown: readonly ChatEntry[], edges: Edges) {
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const state = useRef({ atEnd: true, wantsEnd: false, anchor: null as Anchor | null, top: 0 });
  const latest = useRef(edges);
  latest.current = edges;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let { clientHeight } = element;
    /** The panel's height changes with the keyboard of a phone, and with what is written. */
    const followHeight = () => {
      if (element.clientHeight === clientHeight) return;
      ({ clientHeight } = element);
      state.current.atEnd &&= scrolledUpBy(element, state.current.top) === 0;
      if (state.current.atEnd) element.scrollTop = element.scrollHeight;
    };
    const onScroll = () => {
      followHeight();
      state.current.top = element.scrollTop;
      const below = element.scrollHeight - element.scrollTop - element.clientHeight;
      state.current.atEnd = below < AT_END && latest.current.isNewest;
      state.current.anchor = anchorIn(element);
      setAtEnd(state.current.atEnd);
      if (element.scrollTop < NEAR && element.scrollHeight > element.clientHeight) {
        latest.current.onTop();
      }
      if (below < NEAR) latest.current.onBottom();
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    const resized = new ResizeObserver(followHeight);
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", onScroll);
      resized.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { wantsEnd, anchor, top } = state.current;
    const moved = scrolledUpBy(element, top);
    state.current.atEnd &&= moved === 0;
    const writes = shown.at(-1)?.delivery === "sending";
    if (latest.current.isNewest && (state.current.atEnd || wantsEnd || writes)) {
      element.scrollTop = element.scrollHeight;
    } else if (anchor) restore(element, { id: anchor.id, top: anchor.top + moved });
    state.current.wantsEnd = false;
    state.current.anchor = anchorIn(element);
    state.current.top = element.scrollTop;
  }, [shown]);
  const toEnd = useCallback(() => {
    const element = box.current;
    state.current.wantsEnd = true;
    if (element && latest.current.isNewest) element.scrollTop = element.scrollHeight;
  }, []);
  return { box, atEnd, toEnd };
}

/** A message that is in sight, and how far below the list's upper edge it begins. */
interface Anchor {
  readonly id: string;
  readonly top: number;
}

function anchorIn(box: HTMLElement): Anchor | null {
  const { top } = box.getBoundingClientRect();
  for (const message of box.querySelectorAll<HTMLElement>("[data-message]")) {
    const place = message.getBoundingClientRect();
    if (place.bottom > top) return { id: message.dataset.message ?? "", top: place.top - top };
  }
  return null;
}

function restore(box: HTMLElement, { id, top }: Anchor): void {
  const message = box.querySelector(`[data-message="${CSS.escape(id)}"]`);
  if (!message) return;
  box.scrollTop += message.getBoundingClientRect().top - box.getBoundingClientRect().top - top;
}
