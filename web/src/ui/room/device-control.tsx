import { type ReactElement, useId, useState } from "react";
import { Button, ToggleButton, Tooltip, TooltipTrigger } from "react-aria-components";
import type { DeviceKind, DeviceView, LocalMedia } from "../../call/media";
import { useStore } from "../app/services";
import {
  AlertIcon,
  CameraIcon,
  CameraOffIcon,
  ChevronIcon,
  MicrophoneIcon,
  MicrophoneOffIcon,
} from "../kit/icons";
import { KeyCap, type Keys, withKeys } from "../kit/keys";
import { MenuButton } from "../kit/menu-button";
import { useChunk } from "../kit/use-chunk";
import { BACKGROUND_DIALOG, CAMERA_MENU, MICROPHONE_MENU } from "./call-chunks";
import { rememberChoice } from "./device-choice";
import type { ShortcutName } from "./keys/shortcuts";
import { useKeysOf, useShortcut } from "./keys/use-shortcuts";
import { LazyDialog } from "./lazy-dialog";
import { deviceSentence } from "./media-notice";
import { useCallTexts } from "./texts";

export function MicrophoneControl({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const { microphone } = useStore(media.view);
  return (
    <DeviceControl
      kind="microphone"
      device={microphone}
      icon={microphone.on ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
      onToggle={(on) => void media.setMicrophone(on)}
    >
      <MenuButton
        label={t("call.device.chooseMicrophone")}
        className="control-more"
        menu={MICROPHONE_MENU}
        values={{ media }}
      >
        <ChevronIcon size={16} />
      </MenuButton>
    </DeviceControl>
  );
}

export function CameraControl({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const { camera } = useStore(media.view);
  const [isChoosing, setChoosing] = useState(false);
  const { part: dialog } = useChunk(BACKGROUND_DIALOG, isChoosing);
  return (
    <>
      <DeviceControl
        kind="camera"
        device={camera}
        icon={camera.on ? <CameraIcon /> : <CameraOffIcon />}
        onToggle={(on) => void media.setCamera(on)}
      >
        <MenuButton
          label={t("call.device.chooseCamera")}
          className="control-more"
          menu={CAMERA_MENU}
          values={{ media, onBackground: () => setChoosing(true) }}
        >
          {isChoosing && dialog === null ? (
            <span className="spinner" aria-hidden="true" />
          ) : (
            <ChevronIcon size={16} />
          )}
        </MenuButton>
      </DeviceControl>
      {isChoosing && (
        <LazyDialog
          dialog={BACKGROUND_DIALOG}
          values={{ media }}
          onClose={() => setChoosing(false)}
        />
      )}
    </>
  );
}

const TEXTS = {
  microphone: {
    turnOn: "call.device.turnOnMicrophone",
    turnOff: "call.device.turnOffMicrophone",
  },
  camera: {
    turnOn: "call.device.turnOnCamera",
    turnOff: "call.device.turnOffCamera",
  },
} as const;

interface DeviceControlProps {
  kind: DeviceKind;
  device: DeviceView;
  icon: ReactElement;
  onToggle(on: boolean): void;
  /** Opens the menu beside it. */
  children: ReactElement;
}

function DeviceControl(props: DeviceControlProps) {
  const { kind, device, icon, onToggle, children } = props;
  const t = useCallTexts();
  const label = t(device.on ? TEXTS[kind].turnOff : TEXTS[kind].turnOn);
  const problem = deviceSentence(t, kind, device);
  const problemId = useId();
  const keys = useKeysOf(kind);
  const toggle = () => {
    rememberChoice(kind, !device.on);
    onToggle(!device.on);
  };
  useShortcut(kind, device.pending ? null : toggle);
  return (
    <div className={`split ${device.on ? "" : "is-off"} ${device.problem ? "has-problem" : ""}`}>
      <TooltipTrigger delay={500}>
        <Button
          {...withKeys(keys)}
          className="control"
          aria-label={label}
          {...(problem && { "aria-describedby": problemId })}
          isPending={device.pending}
          onPress={toggle}
        >
          {device.pending ? <span className="spinner" /> : icon}
          {problem && <ProblemMark />}
        </Button>
        <ControlTooltip label={label} problem={problem} keys={keys} />
      </TooltipTrigger>
      <ProblemSentence id={problemId}>{problem}</ProblemSentence>
      {device.choices.length > 0 && children}
    </div>
  );
}

interface ControlToggleProps {
  label: string;
  icon: ReactElement;
  isSelected: boolean;
  onChange(selected: boolean): void;
  badge?: number;
  problem?: string | null;
  /** Presses it from anywhere in the call. */
  shortcut?: ShortcutName;
}

export function ControlToggle(props: ControlToggleProps) {
  const { label, icon, badge = 0, problem = null, shortcut, ...toggle } = props;
  const t = useCallTexts();
  const problemId = useId();
  const keys = useKeysOf(shortcut);
  useShortcut(shortcut ?? null, () => toggle.onChange(!toggle.isSelected));
  return (
    <TooltipTrigger delay={500}>
      <ToggleButton
        {...toggle}
        {...withKeys(keys)}
        {...(problem && { "aria-describedby": problemId })}
        className="control"
        aria-label={badge > 0 ? t("call.controls.unread", { label, count: badge }) : label}
      >
        {icon}
        {badge > 0 && (
          <span className="control-badge" aria-hidden="true">
            {badge > 99 ? "99+" : badge}
          </span>
        )}
        {problem && <ProblemMark />}
        <ProblemSentence id={problemId}>{problem}</ProblemSentence>
      </ToggleButton>
      <ControlTooltip label={label} problem={problem} keys={keys} />
    </TooltipTrigger>
  );
}

interface ControlTooltipProps {
  label: string;
  problem: string | null;
  keys: Keys | null;
}

function ControlTooltip({ label, problem, keys }: ControlTooltipProps) {
  return (
    <Tooltip className="tooltip" offset={8}>
      <span>{problem ? `${label}. ${problem}` : label}</span>
      <KeyCap keys={keys} />
    </Tooltip>
  );
}

function ProblemMark() {
  return (
    <span className="control-problem" aria-hidden="true">
      <AlertIcon size={14} />
    </span>
  );
}

/** The description that a screen reader reads after the button's name. */
function ProblemSentence({ id, children }: { id: string; children: string | null }) {
  return (
    children && (
      <span id={id} hidden>
        {children}
      </span>
    )
  );
}
