import { type ComponentType, type ReactNode, type RefObject, useId, useRef, useState } from "react";
import { Button } from "react-aria-components";
import type { Chunk } from "../../chunk";
import { useTexts } from "./texts";
import { toast } from "./toast";

/** What a menu that was loaded needs to be shown; `kit/shown-menu.tsx` takes it. */
export interface OpenMenu {
  readonly id: string;
  readonly isOpen: boolean;
  readonly trigger: RefObject<HTMLButtonElement | null>;
  /** The item that gets the focus: by the arrow keys one of these, else the menu itself. */
  readonly focus: "first" | "last" | true;
  onClose(): void;
}

interface MenuButtonProps<P> {
  label: string;
  className: string;
  children: ReactNode;
  /** Loads the menu, when somebody is about to open it. */
  menu: Chunk<ComponentType<P & OpenMenu>>;
  /** What the menu gets besides. */
  values: P;
}

/**
 * A button with a menu that is loaded when the pointer or the focus comes to it, since menus take more code than a
 * page of links. It behaves as the `MenuTrigger` of React Aria does.
 */
export function MenuButton<P extends object>(props: MenuButtonProps<P>) {
  const { label, className, children, menu, values } = props;
  const t = useTexts();
  const trigger = useRef<HTMLButtonElement>(null);
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [focus, setFocus] = useState<OpenMenu["focus"]>(true);
  const [loaded, setLoaded] = useState<{ Menu: ComponentType<P & OpenMenu> } | null>(null);
  const onClose = () => setOpen(false);
  const open = (wanted: OpenMenu["focus"]) => {
    // The menu gives the focus back to what had it.
    trigger.current?.focus({ preventScroll: true });
    setFocus(wanted);
    setOpen(true);
    if (menu.loaded) {
      setLoaded({ Menu: menu.loaded });
      return;
    }
    menu.load().then(
      (Menu) => setLoaded({ Menu }),
      (error: unknown) => {
        console.warn("A menu", error);
        toast(t("app.notLoaded"));
        onClose();
      },
    );
  };
  return (
    <>
      <Button
        ref={trigger}
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen && loaded ? id : undefined}
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
      </Button>
      {loaded && <loaded.Menu {...values} {...{ id, isOpen, focus, trigger, onClose }} />}
    </>
  );
}
