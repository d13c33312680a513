import { type RefObject, useEffect, useState } from "react";
import type { LocalMedia } from "../../../call/media";
import { useStore } from "../../app/services";
import { useCallTexts } from "../texts";
import { PushToTalk } from "./push-to-talk";
import { mayBeShortcut, singleKeys } from "./use-shortcuts";

/** What Space presses or turns where the keyboard has brought the focus to it; a click leaves no visible focus. */
const TAKES_SPACE = ["button", "a", "summary", "input", "[role=slider]", "[tabindex='0']"].join();

function isTaken(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest(TAKES_SPACE)?.matches(":focus-visible") === true
  );
}

interface TalkKeyProps {
  media: LocalMedia;
  call: RefObject<HTMLElement | null>;
}

/** Lets a muted person talk while Space is held, and says so. */
export function TalkKey({ media, call }: TalkKeyProps) {
  const t = useCallTexts();
  const isOn = useStore(singleKeys.state);
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (!isOn) return;
    const talk = new PushToTalk({
      isMuted: () => {
        const { on, pending } = media.view.get().microphone;
        return !on && !pending;
      },
      setMicrophone: (on) => void media.setMicrophone(on),
    });
    const release = () => {
      const isDone = talk.release();
      setHeld(false);
      return isDone;
    };
    const onDown = (event: KeyboardEvent) => {
      if (event.key !== " " || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey)
        return;
      const isFirst = !talk.isHeld;
      if (isFirst && (event.repeat || isTaken(event.target))) return;
      if (isFirst && !mayBeShortcut(event.target, call.current)) return;
      if (!talk.press()) return;
      stop(event);
      setHeld(true);
    };
    const onUp = (event: KeyboardEvent) => {
      if (event.key === " " && release()) stop(event);
    };
    const ending = new AbortController();
    const { signal } = ending;
    // Before React Aria sees it: the button that was clicked last still has the focus.
    document.addEventListener("keydown", onDown, { capture: true, signal });
    document.addEventListener("keyup", onUp, { capture: true, signal });
    window.addEventListener("blur", release, { signal });
    document.addEventListener("visibilitychange", release, { signal });
    return () => {
      ending.abort();
      release();
    };
  }, [isOn, media, call]);
  return (
    <div className="call-hint-place" role="status">
      {isHeld && <span className="call-hint is-on">{t("call.talk.held")}</span>}
    </div>
  );
}

function stop(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopPropagation();
}
