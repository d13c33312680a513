import { type ReactElement, useState } from "react";
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
  return part === null ? <LoadingPart {...loading} canReload /> : children(part);
}

interface LoadingPartProps {
  hasFailed: boolean;
  retry(): void;
  /** Whether the page can be loaded anew, which helps where the server was updated. In a call it would end that. */
  canReload?: boolean;
}

/** Stands in a part's place, and offers to try again where it cannot be loaded. What was pressed keeps the focus. */
export function LoadingPart({ hasFailed, retry, canReload = false }: LoadingPartProps) {
  const t = useTexts();
  const [isRetried, setRetried] = useState(false);
  const spinner = <Spinner label={t("app.loadingList")} />;
  if (!hasFailed && !isRetried) return spinner;
  const tryAgain = () => {
    setRetried(true);
    retry();
  };
  return (
    <div className="stack">
      {hasFailed ? <Notice tone="warning">{t("app.notLoaded")}</Notice> : spinner}
      <Action isPending={!hasFailed} onPress={tryAgain}>
        {t("app.tryAgain")}
      </Action>
      {canReload && (
        <Action look="quiet" onPress={() => location.reload()}>
          {t("failure.reload")}
        </Action>
      )}
    </div>
  );
}
