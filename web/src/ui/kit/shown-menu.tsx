import type { ReactElement, ReactNode } from "react";
import { Menu, type MenuProps, Popover, type PopoverProps } from "react-aria-components";
import type { Popup } from "./use-popup";

interface ShownMenuProps
  extends Popup,
    Pick<
      MenuProps<object>,
      "selectionMode" | "selectedKeys" | "onSelectionChange" | "disallowEmptySelection" | "onAction"
    > {
  label: string;
  placement: NonNullable<PopoverProps["placement"]>;
  /** What stands above the items. */
  head?: ReactElement;
  children: ReactNode;
}

/** The menu of a `MenuButton`. */
export function ShownMenu(props: ShownMenuProps) {
  const { label, placement, head, trigger, isOpen, focus, onClose, children, ...menu } = props;
  return (
    <Popover
      className="popover"
      placement={placement}
      trigger="MenuTrigger"
      triggerRef={trigger}
      aria-label={label}
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
    >
      {head}
      <Menu {...menu} className="menu" aria-label={label} autoFocus={focus} onClose={onClose}>
        {children}
      </Menu>
    </Popover>
  );
}
