import { Tooltip, TooltipTrigger } from "react-aria-components";
import { LayoutIcon } from "../kit/icons";
import { MenuButton } from "../kit/menu-button";
import { VIEW_MENU } from "./call-chunks";
import { useShortcut } from "./keys/use-shortcuts";
import type { PictureInPicture } from "./picture-in-picture";
import type { KeptChoices } from "./stage-choices";
import { useCallTexts } from "./texts";

interface ViewActionProps {
  choices: KeptChoices;
  small: PictureInPicture;
}

/** Opens the menu of views; a key changes the arrangement. */
export function ViewAction({ choices, small }: ViewActionProps) {
  const t = useCallTexts();
  useShortcut("arrangement", () => {
    const { arrangement } = choices.current.get();
    choices.change({ arrangement: arrangement === "grid" ? "speaker" : "grid" });
  });
  return (
    <MenuButton
      label={t("call.view.title")}
      className="button icon-only quiet"
      menu={VIEW_MENU}
      values={{ choices, small }}
      around={(button) => (
        <TooltipTrigger delay={400}>
          {button}
          <Tooltip className="tooltip" offset={8}>
            {t("call.view.title")}
          </Tooltip>
        </TooltipTrigger>
      )}
    >
      <LayoutIcon />
    </MenuButton>
  );
}
