import type { ReactElement } from "react";
import type { Chunk } from "../../chunk";
import { Action } from "./button";
import { Notice, Spinner } from "./notice";
import { useTexts } from "./texts";
import { useChunk } from "./use-chunk";

interface LoadedPartProps<T> {
  chunk: Chunk<T>;
  children(part: T): ReactElement;
}

/** A part of a page or a dialog that is there already. */
export function LoadedPart<T>({ chunk, children }: LoadedPartProps<T>) {
  const { part, ...loading } = useChunk(chunk);
  return part === null ? <LoadingPart {...loading} /> : children(part);
}

/** Stands in a part's place, and offers to try again where it cannot be loaded. */
export function LoadingPart({ hasFailed, retry }: { hasFailed: boolean; retry(): void }) {
  const t = useTexts();
  if (!hasFailed) return <Spinner label={t("app.loadingList")} />;
  return (
    <div className="stack">
      <Notice tone="warning">{t("app.notLoaded")}</Notice>
      <Action onPress={retry}>{t("app.tryAgain")}</Action>
    </div>
  );
}
