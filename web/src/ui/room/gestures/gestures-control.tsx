import { useEffect, useRef } from "react";
import {
  Button,
  Dialog,
  DialogTrigger,
  Popover,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import type { Call } from "../../../call/call";
import { REACTIONS } from "../../../call/gestures";
import { useStore } from "../../app/services";
import { Action } from "../../kit/button";
import { HandIcon } from "../../kit/icons";
import { KeyCap, withKeys } from "../../kit/keys";
import { toast } from "../../kit/toast";
import { useKeysOf, useShortcut } from "../keys/use-shortcuts";
import { useCallTexts } from "../texts";
import { SYMBOLS } from "./call-gestures";

/** Raises and lowers one's hand, and sends reactions. */
export function GesturesControl({ call }: { call: Call }) {
  const t = useCallTexts();
  const { gestures } = call;
  const isUp = useStore(gestures.ownHand) !== null;
  const handKeys = useKeysOf("hand");
  const button = useRef<HTMLButtonElement>(null);
  useShortcut("hand", () => gestures.raiseHand(!isUp));
  useShortcut("reactions", () => button.current?.click());
  const keys = useKeysOf("reactions");
  useLoweredHand(call);
  const name = isUp ? t("call.gestures.titleUp") : t("call.gestures.title");
  return (
    <DialogTrigger>
      <TooltipTrigger delay={500}>
        <Button
          ref={button}
          {...withKeys(keys)}
          className={`control ${isUp ? "is-up" : ""}`}
          aria-label={name}
        >
          <HandIcon />
        </Button>
        <Tooltip className="tooltip" offset={8}>
          <span>{name}</span>
          <KeyCap keys={keys} />
        </Tooltip>
      </TooltipTrigger>
      <Popover className="popover gestures" placement="top">
        <Dialog aria-label={t("call.gestures.title")}>
          {({ close }) => (
            <>
              <Action
                autoFocus
                className="wide"
                look={isUp ? "primary" : "secondary"}
                onPress={() => {
                  gestures.raiseHand(!isUp);
                  close();
                }}
              >
                <HandIcon />
                <span>{isUp ? t("call.gestures.lower") : t("call.gestures.raise")}</span>
                <KeyCap keys={handKeys} />
              </Action>
              {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
              <div className="reactions" role="group" aria-label={t("call.gestures.react")}>
                {REACTIONS.map((reaction) => (
                  <Button
                    key={reaction}
                    className="reaction"
                    aria-label={t(`call.reaction.${reaction}`)}
                    onPress={() => void gestures.react(reaction)}
                  >
                    <span aria-hidden="true">{SYMBOLS[reaction]}</span>
                  </Button>
                ))}
              </div>
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
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
