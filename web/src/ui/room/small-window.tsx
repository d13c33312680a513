import { createPortal } from "react-dom";
import { useStore } from "../app/services";
import { useOpened } from "../kit/use-opened";
import { SMALL_CALL } from "./call-chunks";
import type { PictureInPicture } from "./picture-in-picture";
import type { SmallCallProps } from "./small-call";

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
  const SmallCall = useOpened(SMALL_CALL, true, () => small.close());
  return SmallCall && createPortal(<SmallCall {...props} />, props.window.document.body);
}
