import { type ComponentType, useEffect, useState } from "react";
import type { Call } from "../../../call/call";
import { CloseAction } from "../../kit/button";
import { Spinner } from "../../kit/notice";
import { useCallTexts } from "../texts";

interface PanelProps {
  call: Call;
  onClose(): void;
}

/** Loads the panel, with the library that plots, when it is opened. */
export function LazyHealthPanel(props: PanelProps) {
  const [loaded, setLoaded] = useState<{ Panel: ComponentType<PanelProps> } | null>(null);
  useEffect(() => {
    import("./health-panel")
      .then(({ HealthPanel: Panel }) => setLoaded({ Panel }))
      .catch((error: unknown) => {
        console.warn("The panel of connections", error);
        setLoaded({ Panel: NotLoaded });
      });
  }, []);
  return loaded ? <loaded.Panel {...props} /> : <Frame {...props} />;
}

/** The server cannot be reached, or was updated meanwhile. */
function NotLoaded(props: PanelProps) {
  const t = useCallTexts();
  return <Frame {...props} problem={t("call.health.notLoaded")} />;
}

function Frame({ onClose, problem }: PanelProps & { problem?: string }) {
  const t = useCallTexts();
  return (
    <aside className="panel" aria-label={t("call.health.title")}>
      <header className="panel-head">
        <h2>{t("call.health.title")}</h2>
        <CloseAction label={t("call.health.close")} onPress={onClose} />
      </header>
      <div className="panel-body">
        {problem ? <p role="alert">{problem}</p> : <Spinner label={t("app.loadingList")} />}
      </div>
    </aside>
  );
}
