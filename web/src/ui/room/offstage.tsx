import { type ReactNode, useCallback, useState } from "react";
import { createPortal } from "react-dom";

interface OffstageProps {
  isShown: boolean;
  children: ReactNode;
}

/**
 * Renders its children ahead into an element outside the document, where nobody sees, focuses or hears them, and
 * puts that element in its place once they are shown: then a page need only be laid out and painted.
 */
export function Offstage({ isShown, children }: OffstageProps) {
  const [element] = useState(() => {
    const created = document.createElement("div");
    created.className = "transparent";
    return created;
  });
  // A ref that stands before the children is attached before their layout effects, which may measure.
  const place = useCallback(
    (here: HTMLDivElement | null) => {
      if (isShown) here?.append(element);
    },
    [isShown, element],
  );
  return (
    <>
      <div className="transparent" ref={place} />
      {createPortal(children, element)}
    </>
  );
}
