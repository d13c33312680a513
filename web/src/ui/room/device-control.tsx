import { type ReactElement, useId, useState } from "react";
import {
  Button,
  Header,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  ToggleButton,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import type { DeviceKind, DeviceView, LocalMedia } from "../../call/media";
import { useStore } from "../app/services";
import {
  AlertIcon,
  CameraIcon,
  CameraOffIcon,
  CheckIcon,
  ChevronIcon,
  MicrophoneIcon,
  MicrophoneOffIcon,
} from "../kit/icons";
import { KeyCap, type Keys, withKeys } from "../kit/keys";
import { rememberChoice, rememberDevice } from "./device-choice";
import { BackgroundItem, NoiseItem } from "./effects/effect-menu";
import { LazyBackgroundDialog } from "./effects/lazy-background-dialog";
import type { ShortcutName } from "./keys/shortcuts";
import { useKeysOf, useShortcut } from "./keys/use-shortcuts";
import { deviceSentence } from "./media-notice";
import { useCallTexts } from "./texts";

export function MicrophoneControl({ media }: { media: LocalMedia }) {
  const { microphone } = useStore(media.view);
  return (
    <DeviceControl
      kind="microphone"
      device={microphone}
      icon={microphone.on ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
      onToggle={(on) => void media.setMicrophone(on)}
      onChoose={(id) => {
        rememberDevice("microphone", id);
        void media.choose("microphone", id);
      }}
      more={
        <>
          <NoiseItem media={media} />
          <SpeakerSection media={media} />
        </>
      }
    />
  );
}

export function CameraControl({ media }: { media: LocalMedia }) {
  const { camera } = useStore(media.view);
  const [isChoosing, setChoosing] = useState(false);
  return (
    <>
      <DeviceControl
        kind="camera"
        device={camera}
        icon={camera.on ? <CameraIcon /> : <CameraOffIcon />}
        onToggle={(on) => void media.setCamera(on)}
        onChoose={(id) => {
          rememberDevice("camera", id);
          void media.choose("camera", id);
        }}
        more={<BackgroundItem onOpen={() => setChoosing(true)} />}
      />
      <LazyBackgroundDialog media={media} isOpen={isChoosing} onClose={() => setChoosing(false)} />
    </>
  );
}

const TEXTS = {
  microphone: {
    name: "call.device.microphone",
    turnOn: "call.device.turnOnMicrophone",
    turnOff: "call.device.turnOffMicrophone",
    choose: "call.device.chooseMicrophone",
  },
  camera: {
    name: "call.device.camera",
    turnOn: "call.device.turnOnCamera",
    turnOff: "call.device.turnOffCamera",
    choose: "call.device.chooseCamera",
  },
} as const;

interface DeviceControlProps {
  kind: DeviceKind;
  device: DeviceView;
  icon: ReactElement;
  onToggle(on: boolean): void;
  onChoose(deviceId: string): void;
  /** Another section of the menu. */
  more?: ReactElement;
}

function DeviceControl(props: DeviceControlProps) {
  const { kind, device, icon, onToggle, onChoose, more } = props;
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
      {device.choices.length > 0 && <DeviceMenu {...{ kind, device, onChoose, more }} />}
    </div>
  );
}

interface DeviceMenuProps extends Pick<DeviceControlProps, "kind" | "device" | "onChoose"> {
  more: ReactElement | undefined;
}

function DeviceMenu({ kind, device, onChoose, more }: DeviceMenuProps) {
  const t = useCallTexts();
  const choose = t(TEXTS[kind].choose);
  return (
    <MenuTrigger>
      <Button className="control-more" aria-label={choose}>
        <ChevronIcon size={16} />
      </Button>
      <Popover className="popover" placement="top">
        <Menu className="menu" aria-label={choose}>
          <DeviceSection
            name={t(TEXTS[kind].name)}
            choices={device.choices}
            chosen={device.deviceId}
            onChoose={onChoose}
          />
          {more}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** The speakers, where the browser lets pages choose one. */
function SpeakerSection({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const { choices, deviceId } = useStore(media.speaker.view);
  if (choices.length < 2) return null;
  const choose = (id: string) => {
    rememberDevice("speaker", id);
    media.speaker.choose(id);
  };
  return (
    <DeviceSection
      name={t("call.device.speaker")}
      choices={choices}
      chosen={deviceId || "default"}
      onChoose={choose}
    />
  );
}

interface DeviceSectionProps {
  name: string;
  choices: readonly MediaDeviceInfo[];
  chosen: string | null;
  onChoose(deviceId: string): void;
}

function DeviceSection({ name, choices, chosen, onChoose }: DeviceSectionProps) {
  const t = useCallTexts();
  return (
    <MenuSection
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={chosen ? [`${name} ${chosen}`] : []}
      onSelectionChange={(keys) => {
        const [key] = keys === "all" ? [] : [...keys];
        const id = String(key ?? "").slice(name.length + 1);
        if (id && id !== chosen) onChoose(id);
      }}
    >
      <Header className="menu-head">{name}</Header>
      {choices.map((choice, index) => (
        <MenuItem
          key={choice.deviceId}
          id={`${name} ${choice.deviceId}`} // a headset has one id in both sections
          className="menu-item"
          textValue={choice.label}
        >
          {({ isSelected }) => (
            <>
              <span className="mark">{isSelected && <CheckIcon />}</span>
              <span>{choice.label || t("call.device.unnamed", { number: String(index + 1) })}</span>
            </>
          )}
        </MenuItem>
      ))}
    </MenuSection>
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
