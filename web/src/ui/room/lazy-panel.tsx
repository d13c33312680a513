import type { ComponentType } from "react";
import type { Chunk } from "../../chunk";
import { CloseAction } from "../kit/button";
import { LoadingPart } from "../kit/loaded-part";
import { useChunk } from "../kit/use-chunk";

interface PanelProps {
  onClose(): void;
}

interface LazyPanelProps<P> extends PanelProps {
  panel: Chunk<ComponentType<P & PanelProps>>;
  /** What the panel gets besides. */
  values: P;
  title: string;
  /** The name of the button that closes it. */
  close: string;
}

/** A panel beside the tiles: its frame stands there at once, and says so where the rest cannot be loaded. */
export function LazyPanel<P extends object>(props: LazyPanelProps<P>) {
  const { panel, values, title, close, onClose } = props;
  const { part: Panel, ...loading } = useChunk(panel);
  if (Panel) return <Panel {...values} onClose={onClose} />;
  return (
    <aside className="panel" aria-label={title}>
      <header className="panel-head">
        <h2>{title}</h2>
        <CloseAction label={close} onPress={onClose} />
      </header>
      <div className="panel-body">
        <LoadingPart {...loading} />
      </div>
    </aside>
  );
}
