import { type ComponentType, useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { useStore } from "../app/services";
import { toast } from "../kit/toast";
import type { PictureInPicture } from "./picture-in-picture";
import type { SmallCallProps } from "./small-call";
import { useCallTexts } from "./texts";

interface SmallWindowProps extends Omit<SmallCallProps, "window"> {
  small: PictureInPicture;
}

/** Renders the call into the small window, where one is open that is a page. */
export function SmallWindow({ small, ...props }: SmallWindowProps) {
  const shown = useStore(small.shown);
  if (shown?.kind !== "page") return null;
  return <LazySmallCall small={small} window={shown.window} {...props} />;
}

interface LazySmallCallProps extends SmallCallProps {
  small: PictureInPicture;
}

/** Loads what the window shows once it is open, since browsers open it only soon after a press. */
function LazySmallCall({ small, ...props }: LazySmallCallProps) {
  const t = useCallTexts();
  const [loaded, setLoaded] = useState<{ SmallCall: ComponentType<SmallCallProps> } | null>(null);
  useEffect(() => {
    import("./small-call")
      .then(({ SmallCall }) => setLoaded({ SmallCall }))
      .catch((error: unknown) => {
        // The server cannot be reached, or was updated meanwhile.
        console.warn("The small window", error);
        small.close();
        toast(t("call.view.noApart"));
      });
  }, [small, t]);
  return loaded && createPortal(<loaded.SmallCall {...props} />, props.window.document.body);
}
