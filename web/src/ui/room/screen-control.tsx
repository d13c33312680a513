import type { LocalMedia } from "../../call/media";
import { useStore } from "../app/services";
import { ChevronIcon, ScreenIcon } from "../kit/icons";
import { MenuButton } from "../kit/menu-button";
import { SCREEN_MENU } from "./call-chunks";
import { ControlToggle } from "./device-control";
import { screenSentence } from "./media-notice";
import { useCallTexts } from "./texts";

/** Shares a screen, or ends the sharing of all; the menu beside it has the rest. */
export function ScreenControl({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const { screen, screenProblem } = useStore(media.view);
  return (
    <div className="split">
      <ControlToggle
        label={screen ? t("call.controls.stopSharing") : t("call.controls.shareScreen")}
        icon={<ScreenIcon />}
        isSelected={screen}
        problem={screenSentence(t, screenProblem)}
        shortcut="screen"
        onChange={(share) => (share ? void media.shareScreen() : media.stopScreen())}
      />
      <MenuButton
        label={t("call.screen.options")}
        className="control-more"
        menu={SCREEN_MENU}
        values={{ media }}
      >
        <ChevronIcon size={16} />
      </MenuButton>
    </div>
  );
}
