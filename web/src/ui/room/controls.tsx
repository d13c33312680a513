import { memo } from "react";
import { Button, Toolbar, Tooltip, TooltipTrigger } from "react-aria-components";
import type { Call } from "../../call/call";
import { useStored } from "../app/services";
import { ChatIcon, LeaveIcon, MoreIcon, PeopleIcon } from "../kit/icons";
import { MenuButton } from "../kit/menu-button";
import { MORE_MENU } from "./call-chunks";
import type { CallDeed } from "./call-deeds";
import { CameraControl, ControlToggle, MicrophoneControl } from "./device-control";
import { GesturesControl } from "./gestures/gestures-control";
import { useShortcut } from "./keys/use-shortcuts";
import { ScreenControl } from "./screen-control";
import { useCallTexts } from "./texts";

export type Panel = "chat" | "people" | "connections" | "recording";

interface ControlsProps {
  call: Call;
  panel: Panel | null;
  onPanel(panel: Panel | null): void;
  /** What has no room on the bar above. */
  deeds: readonly CallDeed[];
  onShortcuts(): void;
  onSettings(): void;
}

/** Of all in a call the dearest to render, so it is not rendered with what is around it. */
export const Controls = memo((props: ControlsProps) => {
  const { call, panel, onPanel, deeds, onShortcuts, onSettings } = props;
  const t = useCallTexts();
  const { media } = call;
  const unread = useStored(call.chat.state, (chat) => chat.unread);
  useShortcut("sheet", onShortcuts);
  const toggle = (name: Panel) => (open: boolean) => onPanel(open ? name : null);
  return (
    <footer>
      <Toolbar className="controls" aria-label={t("call.controls.region")}>
        <MicrophoneControl media={media} />
        <CameraControl media={media} />
        {media.canShareScreen && <ScreenControl media={media} />}
        <GesturesControl call={call} />
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
        <MenuButton
          label={t("call.controls.more")}
          className="control"
          menu={MORE_MENU}
          values={{ deeds, onShortcuts, onSettings }}
        >
          <MoreIcon />
        </MenuButton>
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
