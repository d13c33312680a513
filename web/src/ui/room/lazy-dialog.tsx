import type { ComponentType } from "react";
import type { Chunk } from "../../chunk";
import { useOpened } from "../kit/use-opened";

interface DialogProps {
  onClose(): void;
}

interface LazyDialogProps<P> extends DialogProps {
  dialog: Chunk<ComponentType<P & DialogProps>>;
  /** What the dialog gets besides. */
  values: P;
}

/** An open dialog, which is loaded then if it was not before. The button that opens it shows that it is waited for. */
export function LazyDialog<P extends object>({ dialog, values, onClose }: LazyDialogProps<P>) {
  const Shown = useOpened(dialog, true, onClose);
  return Shown && <Shown {...values} onClose={onClose} />;
}
