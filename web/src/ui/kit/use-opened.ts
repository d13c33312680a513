import { useEffect } from "react";
import type { Chunk } from "../../chunk";
import { useTexts } from "./texts";
import { toast } from "./toast";
import { useChunk } from "./use-chunk";

/**
 * Gives what is opened once it is here, for menus and dialogs, which have no place on the page before. Where it cannot
 * be loaded, a message says so, and it counts as closed.
 */
export function useOpened<T>(chunk: Chunk<T>, isOpen: boolean, onClose: () => void): T | null {
  const t = useTexts();
  const { part, hasFailed } = useChunk(chunk, isOpen);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is said once
  useEffect(() => {
    if (!hasFailed) return;
    toast(t("app.notLoaded"));
    onClose();
  }, [hasFailed]);
  return part;
}
