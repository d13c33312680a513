import { useState } from "react";
import type { LocalMedia } from "../../call/media";
import { Action } from "../kit/button";
import { DEVICE_CHECK } from "./call-chunks";
import { LazyDialog } from "./lazy-dialog";
import { useCallTexts } from "./texts";

/** Opens the check of sound and picture, which is loaded then. */
export function DeviceCheckAction({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Action
        look="quiet"
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
