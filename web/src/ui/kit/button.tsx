import type { ReactNode } from "react";
import { Link as AriaLink, Button, type ButtonProps, type LinkProps } from "react-aria-components";
import { CloseIcon } from "./icons";
import { useTexts } from "./texts";

export type Look = "primary" | "secondary" | "quiet" | "danger";

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
