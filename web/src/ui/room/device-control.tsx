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
import { rememberChoice } from "./device-choice";
import { BackgroundItem, NoiseItem } from "./effects/effect-menu";
import { LazyBackgroundDialog } from "./effects/lazy-background-dialog";
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
      onChoose={(id) => void media.choose("microphone", id)}
      extra={<NoiseItem media={media} />}
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
        onChoose={(id) => void media.choose("camera", id)}
        extra={<BackgroundItem onOpen={() => setChoosing(true)} />}
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
  /** What the menu offers beside the devices. */
  extra: ReactElement;
}

function DeviceControl({ kind, device, icon, onToggle, onChoose, extra }: DeviceControlProps) {
  const t = useCallTexts();
  const label = t(device.on ? TEXTS[kind].turnOff : TEXTS[kind].turnOn);
  const problem = deviceSentence(t, kind, device);
  const problemId = useId();
  return (
    <div className={`split ${device.on ? "" : "is-off"} ${device.problem ? "has-problem" : ""}`}>
      <TooltipTrigger delay={500}>
        <Button
          className="control"
          aria-label={label}
          {...(problem && { "aria-describedby": problemId })}
          isPending={device.pending}
          onPress={() => {
            rememberChoice(kind, !device.on);
            onToggle(!device.on);
          }}
        >
          {device.pending ? <span className="spinner" /> : icon}
          {problem && <ProblemMark />}
        </Button>
        <ControlTooltip label={label} problem={problem} />
      </TooltipTrigger>
      <ProblemSentence id={problemId}>{problem}</ProblemSentence>
      {device.choices.length > 0 && <DeviceMenu {...{ kind, device, onChoose, extra }} />}
    </div>
  );
}

type DeviceMenuProps = Pick<DeviceControlProps, "kind" | "device" | "onChoose" | "extra">;

function DeviceMenu({ kind, device, onChoose, extra }: DeviceMenuProps) {
  const t = useCallTexts();
  const choose = t(TEXTS[kind].choose);
  return (
    <MenuTrigger>
      <Button className="control-more" aria-label={choose}>
        <ChevronIcon size={16} />
      </Button>
      <Popover className="popover" placement="top">
        <Menu className="menu" aria-label={choose}>
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={device.deviceId ? [device.deviceId] : []}
            onSelectionChange={(keys) => {
              const [id] = keys === "all" ? [] : [...keys];
              if (id && id !== device.deviceId) onChoose(String(id));
            }}
          >
            <Header className="menu-head">{t(TEXTS[kind].name)}</Header>
            {device.choices.map((choice, index) => (
              <MenuItem
                key={choice.deviceId}
                id={choice.deviceId}
                className="menu-item"
                textValue={choice.label}
              >
                {({ isSelected }) => (
                  <>
                    <span className="mark">{isSelected && <CheckIcon />}</span>
                    <span>
                      {choice.label || t("call.device.unnamed", { number: String(index + 1) })}
                    </span>
                  </>
                )}
              </MenuItem>
            ))}
          </MenuSection>
          {extra}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

interface ControlToggleProps {
  label: string;
  icon: ReactElement;
  isSelected: boolean;
  onChange(selected: boolean): void;
  badge?: number;
  problem?: string | null;
}

export function ControlToggle(props: ControlToggleProps) {
  const { label, icon, badge = 0, problem = null, ...toggle } = props;
  const t = useCallTexts();
  const problemId = useId();
  return (
    <TooltipTrigger delay={500}>
      <ToggleButton
        {...toggle}
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
      <ControlTooltip label={label} problem={problem} />
    </TooltipTrigger>
  );
}

function ControlTooltip({ label, problem }: { label: string; problem: string | null }) {
  return (
    <Tooltip className="tooltip" offset={8}>
      {problem ? `${label}. ${problem}` : label}
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
