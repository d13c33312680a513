import { type ComponentType, useEffect, useState } from "react";
import { CloseAction } from "../../kit/button";
import { Spinner } from "../../kit/notice";
import { useCallTexts } from "../texts";
import type { ChatPanelProps } from "./chat-panel";

const load = () => import("./chat-panel");

/** After the entry, when the call has what it needs: the panel then opens even if the server is away. */
const FETCHED_AFTER_MS = 3_000;

/** Fetches the panel before it is opened. */
export function useFetchedChatPanel(): void {
  useEffect(() => {
    const timer = setTimeout(
      () => load().catch((error: unknown) => console.warn("The chat", error)),
      FETCHED_AFTER_MS,
    );
    return () => clearTimeout(timer);
  }, []);
}

export function LazyChatPanel(props: ChatPanelProps) {
  const [loaded, setLoaded] = useState<{ Panel: ComponentType<ChatPanelProps> } | null>(null);
  useEffect(() => {
    load()
      .then(({ ChatPanel: Panel }) => setLoaded({ Panel }))
      .catch((error: unknown) => {
        console.warn("The chat", error);
        setLoaded({ Panel: NotLoaded });
      });
  }, []);
  return loaded ? <loaded.Panel {...props} /> : <Frame {...props} />;
}

/** The server cannot be reached, or was updated meanwhile. */
function NotLoaded(props: ChatPanelProps) {
  const t = useCallTexts();
  return <Frame {...props} problem={t("call.chat.notLoaded")} />;
}

function Frame({ onClose, problem }: ChatPanelProps & { problem?: string }) {
  const t = useCallTexts();
  return (
    <aside className="panel" aria-label={t("call.chat.title")}>
      <header className="panel-head">
        <h2>{t("call.chat.title")}</h2>
        <CloseAction label={t("call.chat.close")} onPress={onClose} />
      </header>
      <div className="panel-body">
        {problem ? <p role="alert">{problem}</p> : <Spinner label={t("app.loadingList")} />}
      </div>
    </aside>
  );
}
