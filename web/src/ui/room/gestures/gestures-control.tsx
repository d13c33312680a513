import { useEffect, useRef } from "react";
import { Button, Tooltip, TooltipTrigger } from "react-aria-components";
import type { Call } from "../../../call/call";
import { useStore } from "../../app/services";
import { HandIcon } from "../../kit/icons";
import { KeyCap, withKeys } from "../../kit/keys";
import { toast } from "../../kit/toast";
import { usePopup } from "../../kit/use-popup";
import { GESTURES_POPOVER } from "../call-chunks";
import { useKeysOf, useShortcut } from "../keys/use-shortcuts";
import { useCallTexts } from "../texts";

/** Raises and lowers one's hand, and sends reactions. */
export function GesturesControl({ call }: { call: Call }) {
  const t = useCallTexts();
  const { gestures } = call;
  const isUp = useStore(gestures.ownHand) !== null;
  const { Shown, popup, button, open } = usePopup(GESTURES_POPOVER);
  useShortcut("hand", () => gestures.raiseHand(!isUp));
  useShortcut("reactions", open);
  const keys = useKeysOf("reactions");
  useLoweredHand(call);
  const name = isUp ? t("call.gestures.titleUp") : t("call.gestures.title");
  return (
    <>
      <TooltipTrigger delay={500}>
        <Button
          {...button}
          {...withKeys(keys)}
          ref={popup.trigger}
          className={`control ${isUp ? "is-up" : ""}`}
          aria-label={name}
          aria-haspopup="dialog"
          onHoverStart={() => GESTURES_POPOVER.fetchAhead()}
          onFocus={() => GESTURES_POPOVER.fetchAhead()}
          onPress={() => open()}
        >
          <HandIcon />
        </Button>
        <Tooltip className="tooltip" offset={8}>
          <span>{name}</span>
          <KeyCap keys={keys} />
        </Tooltip>
      </TooltipTrigger>
      {Shown && <Shown {...popup} gestures={gestures} />}
    </>
  );
}

/** Says who lowered our hand, where we did not. */
function useLoweredHand(call: Call): void {
  const t = useCallTexts();
  const times = useStore(call.handLowered);
  const known = useRef(times);
  useEffect(() => {
    if (times > known.current) toast(t("call.gestures.loweredByCreator"));
    known.current = times;
  }, [times, t]);
}
