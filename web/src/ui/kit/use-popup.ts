import { type ComponentType, type RefObject, useId, useRef, useState } from "react";
import type { Chunk } from "../../chunk";
import { useOpened } from "./use-opened";

/** What a menu or dialog over the page that was loaded needs to be shown. */
export interface Popup {
  readonly id: string;
  readonly isOpen: boolean;
  readonly trigger: RefObject<HTMLButtonElement | null>;
  /** The item of a menu that gets the focus: by the arrow keys one of these, else the menu itself. */
  readonly focus: "first" | "last" | true;
  onClose(): void;
}

/** Opens what lies over the page at a button, and loads it when somebody is about to open it. */
export function usePopup<P extends object>(chunk: Chunk<ComponentType<P & Popup>>) {
  const trigger = useRef<HTMLButtonElement>(null);
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [wasOpened, setWasOpened] = useState(false);
  const [focus, setFocus] = useState<Popup["focus"]>(true);
  const onClose = () => setOpen(false);
  const loaded = useOpened(chunk, isOpen, onClose);
  const open = (wanted: Popup["focus"] = true) => {
    // What is opened gives the focus back to what had it. A toolbar that gets the focus passes it on to the button
    // that had it last, unless it comes from within.
    trigger.current?.focus({ preventScroll: true });
    if (document.activeElement !== trigger.current) trigger.current?.focus({ preventScroll: true });
    setFocus(wanted);
    setOpen(true);
    setWasOpened(true);
  };
  const Shown = wasOpened ? loaded : null;
  const popup: Popup = { id, isOpen, trigger, focus, onClose };
  const controls = isOpen && Shown ? id : undefined;
  const button = { "aria-expanded": isOpen, "aria-controls": controls };
  return { Shown, popup, button, open };
}
