import type { ReactElement } from "react";
import type { Chunk } from "../../chunk";
import { Action } from "../kit/button";
import { AlertIcon, Logo } from "../kit/icons";
import { useTexts } from "../kit/texts";
import { TroubleHead } from "../kit/trouble-head";
import { useChunk } from "../kit/use-chunk";
import { CardPage } from "./shell";

interface LoadedProps<T> {
  chunk: Chunk<T>;
  children(part: T): ReactElement;
}

/** Shows a page that comes with a chunk, and offers to try again where that cannot be loaded. */
export function Loaded<T>({ chunk, children }: LoadedProps<T>) {
  const { part, hasFailed, retry } = useChunk(chunk);
  if (part !== null) return children(part);
  return hasFailed ? <NotLoaded onRetry={retry} /> : <Waiting />;
}

/** The server cannot be reached, or was updated meanwhile: then loading the page anew helps. */
function NotLoaded({ onRetry }: { onRetry(): void }) {
  const t = useTexts();
  return (
    <CardPage>
      <TroubleHead icon={<AlertIcon size={26} />} title={t("failure.title")} role="alert">
        {t("app.notLoaded")}
      </TroubleHead>
      <Action look="primary" onPress={onRetry}>
        {t("app.tryAgain")}
      </Action>
      <Action look="quiet" onPress={() => location.reload()}>
        {t("failure.reload")}
      </Action>
    </CardPage>
  );
}

export function Waiting({ isServerSilent = false }: { isServerSilent?: boolean }) {
  const t = useTexts();
  return (
    <main className="narrow" aria-busy="true" aria-label={t("app.loading")}>
      <Logo size={52} />
      <p className="soft" role="status">
        {isServerSilent && t("app.serverSilent")}
      </p>
    </main>
  );
}
