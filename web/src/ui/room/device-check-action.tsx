import { type ComponentType, useState } from "react";
import type { LocalMedia } from "../../call/media";
import { Action } from "../kit/button";
import { Modal } from "../kit/modal";
import { Notice, Spinner } from "../kit/notice";
import { useCallTexts } from "./texts";

type Content = ComponentType<{ media: LocalMedia }>;

/** Opens the check of sound and picture, which is loaded then. */
export function DeviceCheckAction({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const [isOpen, setOpen] = useState(false);
  const [loaded, setLoaded] = useState<{ Content: Content } | null>(null);
  const open = () => {
    setOpen(true);
    import("./device-check")
      .then(({ DeviceCheck: Content }) => setLoaded({ Content }))
      .catch((error: unknown) => {
        console.warn("The check of devices", error);
        setLoaded({ Content: NotLoaded });
      });
  };
  return (
    <>
      <Action look="quiet" onPress={open}>
        {t("call.check.title")}
      </Action>
      <Modal title={t("call.check.title")} isOpen={isOpen} onClose={() => setOpen(false)}>
        {loaded ? <loaded.Content media={media} /> : <Spinner label={t("app.loadingList")} />}
      </Modal>
    </>
  );
}

/** The server cannot be reached, or was updated meanwhile. */
function NotLoaded() {
  const t = useCallTexts();
  return <Notice tone="warning">{t("call.health.notLoaded")}</Notice>;
}
