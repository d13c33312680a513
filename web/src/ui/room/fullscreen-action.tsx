import { type RefObject, useEffect, useState } from "react";
import { FullscreenExitIcon, FullscreenIcon } from "../kit/icons";
import { toast } from "../kit/toast";
import { useCallTexts } from "./texts";
import { TileAction } from "./tile-actions";

interface FullscreenActionProps {
  target: RefObject<HTMLElement | null>;
  label: string;
}

/** Toggles full screen for `target`; browsers also leave full screen by Escape. */
export function FullscreenAction({ target, label }: FullscreenActionProps) {
  const t = useCallTexts();
  const isFull = useFullscreen(target);
  if (!document.fullscreenEnabled) return null;
  const toggle = () => {
    const done = isFull ? document.exitFullscreen() : target.current?.requestFullscreen();
    done?.catch(() => toast(t("call.tile.noFullScreen")));
  };
  return (
    <TileAction
      label={isFull ? t("call.tile.leaveFullScreen") : label}
      icon={isFull ? <FullscreenExitIcon /> : <FullscreenIcon />}
      onPress={toggle}
    />
  );
}

/** Leaves full screen when the component goes away, since what it shows has ended. */
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
