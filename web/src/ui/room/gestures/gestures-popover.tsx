import { Button, Dialog, Popover } from "react-aria-components";
import { type Gestures, REACTIONS } from "../../../call/gestures";
import { useStore } from "../../app/services";
import { Action } from "../../kit/button";
import { HandIcon } from "../../kit/icons";
import { KeyCap } from "../../kit/keys";
import type { Popup } from "../../kit/use-popup";
import { useKeysOf } from "../keys/use-shortcuts";
import { useCallTexts } from "../texts";
import { SYMBOLS } from "./call-gestures";

interface GesturesPopoverProps extends Popup {
  gestures: Gestures;
}

/** One's hand, and the reactions. It stays open for more than one of these. */
export function GesturesPopover(props: GesturesPopoverProps) {
  const { gestures, id, isOpen, trigger, onClose } = props;
  const t = useCallTexts();
  const isUp = useStore(gestures.ownHand) !== null;
  const handKeys = useKeysOf("hand");
  return (
    <Popover
      className="popover gestures"
      placement="top"
      trigger="DialogTrigger"
      triggerRef={trigger}
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
    >
      <Dialog id={id} aria-label={t("call.gestures.title")}>
        <Action
          autoFocus
          className="wide"
          look={isUp ? "primary" : "secondary"}
          onPress={() => {
            gestures.raiseHand(!isUp);
            onClose();
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
      </Dialog>
    </Popover>
  );
}
