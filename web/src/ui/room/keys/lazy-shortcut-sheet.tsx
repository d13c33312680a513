import { type ComponentType, useEffect, useState } from "react";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";

interface SheetProps {
  onClose(): void;
}

/** Loads the sheet when it is opened. */
export function LazyShortcutSheet({ onClose }: SheetProps) {
  const t = useCallTexts();
  const [loaded, setLoaded] = useState<{ Sheet: ComponentType<SheetProps> } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is loaded once
  useEffect(() => {
    import("./shortcut-sheet")
      .then(({ ShortcutSheet: Sheet }) => setLoaded({ Sheet }))
      .catch((error: unknown) => {
        console.warn("The shortcuts", error);
        toast(t("call.keys.notLoaded"));
        onClose();
      });
  }, []);
  return loaded && <loaded.Sheet onClose={onClose} />;
}
