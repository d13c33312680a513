import { type ComponentType, useEffect, useState } from "react";
import { CloseAction } from "../../kit/button";
import { Spinner } from "../../kit/notice";
import { useCallTexts } from "../texts";
import type { RecordingPanelProps } from "./recording-panel";

/** Loads the panel, with what records, when it is opened. */
export function LazyRecordingPanel(props: RecordingPanelProps) {
  const [loaded, setLoaded] = useState<{ Panel: ComponentType<RecordingPanelProps> } | null>(null);
  useEffect(() => {
    import("./recording-panel")
      .then(({ RecordingPanel: Panel }) => setLoaded({ Panel }))
      .catch((error: unknown) => {
        console.warn("The panel of recordings", error);
        setLoaded({ Panel: NotLoaded });
      });
  }, []);
  return loaded ? <loaded.Panel {...props} /> : <Frame {...props} />;
}

/** The server cannot be reached, or was updated meanwhile. */
function NotLoaded(props: RecordingPanelProps) {
  const t = useCallTexts();
  return <Frame {...props} problem={t("call.health.notLoaded")} />;
}

function Frame({ onClose, problem }: RecordingPanelProps & { problem?: string }) {
  const t = useCallTexts();
  return (
    <aside className="panel" aria-label={t("call.record.title")}>
      <header className="panel-head">
        <h2>{t("call.record.title")}</h2>
        <CloseAction label={t("call.record.close")} onPress={onClose} />
      </header>
      <div className="panel-body">
        {problem ? <p role="alert">{problem}</p> : <Spinner label={t("app.loadingList")} />}
      </div>
    </aside>
  );
}
