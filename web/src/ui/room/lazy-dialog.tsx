import { type ComponentType, useEffect, useState } from "react";
import { toast } from "../kit/toast";
import { useCallTexts } from "./texts";

interface DialogProps {
  onClose(): void;
}

/** Loads a dialog when it is opened; `load` stays the same function. */
export function LazyDialog({
  load,
  onClose,
}: DialogProps & { load(): Promise<ComponentType<DialogProps>> }) {
  const t = useCallTexts();
  const [loaded, setLoaded] = useState<{ Shown: ComponentType<DialogProps> } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is loaded once
  useEffect(() => {
    load()
      .then((Shown) => setLoaded({ Shown }))
      .catch((error: unknown) => {
        console.warn("A dialog", error);
        toast(t("app.notLoaded"));
        onClose();
      });
  }, [load]);
  return loaded && <loaded.Shown onClose={onClose} />;
}

export const shortcutSheet = () =>
  import("./keys/shortcut-sheet").then(({ ShortcutSheet }) => ShortcutSheet);

export const settingsDialog = () =>
  import("./settings-dialog").then(({ SettingsDialog }) => SettingsDialog);
