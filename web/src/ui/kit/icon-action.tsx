import type { ReactNode } from "react";
import { Button, type ButtonProps, Tooltip, TooltipTrigger } from "react-aria-components";
import type { Look } from "./button";
import { KeyCap, type Keys, withKeys } from "./keys";

interface IconActionProps extends Omit<ButtonProps, "children" | "className"> {
  label: string;
  icon: ReactNode;
  look?: Look;
  className?: string;
  keys?: Keys | null;
}

/** A button that shows an icon alone; its name appears as a tooltip. */
export function IconAction({
  label,
  icon,
  look = "quiet",
  className = "",
  keys,
  ...props
}: IconActionProps) {
  return (
    <TooltipTrigger delay={400}>
      <Button
        {...props}
        {...withKeys(keys)}
        aria-label={label}
        className={`button icon-only ${look} ${className}`}
      >
        {icon}
      </Button>
      <Tooltip className="tooltip" offset={8}>
        <span>{label}</span>
        <KeyCap keys={keys} />
      </Tooltip>
    </TooltipTrigger>
  );
}
