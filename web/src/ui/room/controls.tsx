import { memo } from "react";
import { Button, Toolbar, Tooltip, TooltipTrigger } from "react-aria-components";
import type { Call } from "../../call/call";
import { useStore, useStored } from "../app/services";
import { ChatIcon, LeaveIcon, PeopleIcon, ScreenIcon } from "../kit/icons";
import { CameraControl, ControlToggle, MicrophoneControl } from "./device-control";
import { screenSentence } from "./media-notice";
import { MoreMenu } from "./more-menu";
import { useCallTexts } from "./texts";

export type Panel = "chat" | "people" | "connections" | "recording";

interface ControlsProps {
  call: Call;
  panel: Panel | null;
  onPanel(panel: Panel | null): void;
  onShortcuts(): void;
}

/** Of all in a call the dearest to render, so it is not rendered with what is around it. */
export const Controls = memo(({ call, panel, onPanel, onShortcuts }: ControlsProps) => {
  const t = useCallTexts();
  const { media } = call;
  const { screen, screenProblem } = useStore(media.view);
  const unread = useStored(call.chat.state, (chat) => chat.unread);
  const toggle = (name: Panel) => (open: boolean) => onPanel(open ? name : null);
  return (
    <footer>
      <Toolbar className="controls" aria-label={t("call.controls.region")}>
        <MicrophoneControl media={media} />
        <CameraControl media={media} />
        {media.canShareScreen && (
          <ControlToggle
            label={screen ? t("call.controls.stopSharing") : t("call.controls.shareScreen")}
            icon={<ScreenIcon />}
            isSelected={screen}
            problem={screenSentence(t, screenProblem)}
            shortcut="screen"
            onChange={(share) => (share ? void media.shareScreen() : media.stopScreen())}
          />
        )}
        <span className="controls-gap" />
        <ControlToggle
          label={t("call.people.title")}
          icon={<PeopleIcon />}
          isSelected={panel === "people"}
          onChange={toggle("people")}
          shortcut="people"
        />
        <ControlToggle
          label={t("call.chat.title")}
          icon={<ChatIcon />}
          isSelected={panel === "chat"}
          onChange={toggle("chat")}
          badge={unread}
          shortcut="chat"
        />
        <MoreMenu onShortcuts={onShortcuts} />
        <TooltipTrigger delay={500}>
          <Button
            className="control leave"
            aria-label={t("call.controls.leave")}
            onPress={() => call.leave()}
          >
            <LeaveIcon size={22} />
          </Button>
          <Tooltip className="tooltip" offset={8}>
            {t("call.controls.leave")}
          </Tooltip>
        </TooltipTrigger>
      </Toolbar>
    </footer>
  );
});
