import { type RefObject, useEffect, useState } from "react";
import { IconAction } from "../kit/button";
import { FullscreenExitIcon, FullscreenIcon } from "../kit/icons";
import { toast } from "../kit/toast";
import { useCallTexts } from "./texts";

/** Toggles full screen for `target`; browsers also leave full screen by Escape. */
export function FullscreenAction({ target }: { target: RefObject<HTMLElement | null> }) {
  const t = useCallTexts();
  const isFull = useFullscreen(target);
  if (!document.fullscreenEnabled) return null;
  const toggle = () => {
    const done = isFull ? document.exitFullscreen() : target.current?.requestFullscreen();
    done?.catch(() => toast(t("call.tile.noFullScreen")));
  };
  return (
    <IconAction
      className="tile-action"
      label={isFull ? t("call.tile.leaveFullScreen") : t("call.tile.fullScreen")}
      icon={isFull ? <FullscreenExitIcon /> : <FullscreenIcon />}
      onPress={toggle}
    />
  );
}

/** Leaves full screen when the component goes away, since the shared screen has ended. */
function useFullscreen(target: RefObject<HTMLElement | null>): boolean {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const element = target.current;
    const follow = () => setFull(element !== null && document.fullscreenElement === element);
    document.addEventListener("fullscreenchange", follow);
    return () => {
      document.removeEventListener("fullscreenchange", follow);
      if (element && document.fullscreenElement === element) void document.exitFullscreen();
    };
  }, [target]);
  return isFull;
}
