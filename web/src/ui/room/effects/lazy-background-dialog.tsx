import { type ComponentType, useEffect, useState } from "react";
import type { LocalMedia } from "../../../call/media";
import { Modal } from "../../kit/modal";
import { Notice, Spinner } from "../../kit/notice";
import { useCallTexts } from "../texts";

interface DialogProps {
  media: LocalMedia;
  isOpen: boolean;
  onClose(): void;
}

type Content = ComponentType<{ media: LocalMedia }>;

/** Loads what it shows when it is opened. */
export function LazyBackgroundDialog({ media, isOpen, onClose }: DialogProps) {
  const t = useCallTexts();
  const [loaded, setLoaded] = useState<{ Content: Content } | null>(null);
  useEffect(() => {
    if (!isOpen) return;
    import("./background-choice")
      .then(({ BackgroundChoice: Content }) => setLoaded({ Content }))
      .catch((error: unknown) => {
        console.warn("The choice of backgrounds", error);
        setLoaded({ Content: NotLoaded });
      });
  }, [isOpen]);
  return (
    <Modal title={t("call.effects.background")} isOpen={isOpen} onClose={onClose}>
      {loaded ? <loaded.Content media={media} /> : <Spinner label={t("app.loadingList")} />}
    </Modal>
  );
}

/** The server cannot be reached, or was updated meanwhile. */
function NotLoaded() {
  const t = useCallTexts();
  return <Notice tone="danger">{t("call.effects.notLoaded")}</Notice>;
}
