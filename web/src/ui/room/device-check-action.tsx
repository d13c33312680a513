import { useState } from "react";
import type { LocalMedia } from "../../call/media";
import { Action } from "../kit/button";
import { useChunk } from "../kit/use-chunk";
import { DEVICE_CHECK } from "./call-chunks";
import { LazyDialog } from "./lazy-dialog";
import { useCallTexts } from "./texts";

/** Opens the check of sound and picture, which is loaded then. */
export function DeviceCheckAction({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const [isOpen, setOpen] = useState(false);
  const { part } = useChunk(DEVICE_CHECK, isOpen);
  return (
    <>
      <Action
        look="quiet"
        isPending={isOpen && part === null}
        onHoverStart={() => DEVICE_CHECK.fetchAhead()}
        onFocus={() => DEVICE_CHECK.fetchAhead()}
        onPress={() => setOpen(true)}
      >
        {t("call.check.title")}
      </Action>
      {isOpen && (
        <LazyDialog dialog={DEVICE_CHECK} values={{ media }} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
