import type { ReactNode } from "react";
import {
  Link as AriaLink,
  Button,
  type ButtonProps,
  type LinkProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import { CloseIcon } from "./icons";
import { KeyCap, type Keys, withKeys } from "./keys";
import { useTexts } from "./texts";

type Look = "primary" | "secondary" | "quiet" | "danger";

interface ActionProps extends Omit<ButtonProps, "children" | "className"> {
  look?: Look;
  children: ReactNode;
  className?: string;
}

export function Action({ look = "secondary", className = "", children, ...props }: ActionProps) {
  return (
    <Button {...props} className={`button ${look} ${className}`}>
      {props.isPending && <span className="spinner" aria-hidden="true" />}
      <span className="contents">{children}</span>
    </Button>
  );
}

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

export function CloseAction(props: { label?: string; onPress?: () => void; slot?: string }) {
  const t = useTexts();
  const { label = t("app.close"), ...rest } = props;
  return (
    <Button {...rest} aria-label={label} className="button quiet icon-only compact">
      <CloseIcon size={18} />
    </Button>
  );
}

export function TextLink(props: Omit<LinkProps, "className">) {
  return <AriaLink {...props} className="link" />;
}

export function LinkAction({
  look = "secondary",
  className = "",
  ...props
}: Omit<LinkProps, "className"> & { look?: Look; className?: string }) {
  return <AriaLink {...props} className={`button ${look} ${className}`} />;
}
