import type { ComponentType, ReactElement, ReactNode } from "react";
import { Button } from "react-aria-components";
import type { Chunk } from "../../chunk";
import { type Popup, usePopup } from "./use-popup";

interface MenuButtonProps<P> {
  label: string;
  className: string;
  children: ReactNode;
  /** The menu, which `kit/shown-menu.tsx` shows. */
  menu: Chunk<ComponentType<P & Popup>>;
  /** What the menu gets besides. */
  values: P;
  /** Puts something around the button alone, such as what shows its tooltip. */
  around?: (button: ReactElement) => ReactElement;
}

/**
 * A button with a menu that is loaded when the pointer or the focus comes to it, since menus take more code than a
 * page of links. It behaves as the `MenuTrigger` of React Aria does.
 */
export function MenuButton<P extends object>(props: MenuButtonProps<P>) {
  const { label, className, children, menu, values, around = (button) => button } = props;
  const { Shown, popup, button, open } = usePopup(menu);
  return (
    <>
      {around(
        <Button
          {...button}
          ref={popup.trigger}
          className={className}
          aria-label={label}
          aria-haspopup="menu"
          onHoverStart={() => menu.fetchAhead()}
          onFocus={() => menu.fetchAhead()}
          // As menus of the system do: at once under a mouse, after the touch under a finger.
          onPressStart={({ pointerType }) => {
            if (pointerType === "touch") menu.fetchAhead();
            else if (pointerType !== "keyboard") open(pointerType === "virtual" ? "first" : true);
          }}
          onPress={({ pointerType }) => {
            if (pointerType === "touch") open(true);
            else if (pointerType === "keyboard") open("first");
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") open("first");
            else if (event.key === "ArrowUp") open("last");
            else return event.continuePropagation();
            event.preventDefault();
          }}
        >
          {children}
        </Button>,
      )}
      {Shown && <Shown {...values} {...popup} />}
    </>
  );
}
