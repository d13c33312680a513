import { Header, MenuItem, MenuSection } from "react-aria-components";
import type { LocalMedia } from "../../call/media";
import { useStore } from "../app/services";
import { CheckIcon } from "../kit/icons";
import { ShownMenu } from "../kit/shown-menu";
import type { Popup } from "../kit/use-popup";
import { rememberDevice } from "./device-choice";
import { BackgroundItem, NoiseItem } from "./effects/effect-menu";
import { useCallTexts } from "./texts";

interface DeviceMenuProps extends Popup {
  media: LocalMedia;
}

export function MicrophoneMenu({ media, ...menu }: DeviceMenuProps) {
  const t = useCallTexts();
  const { choices, deviceId } = useStore(media.view).microphone;
  const choose = (id: string) => {
    rememberDevice("microphone", id);
    void media.choose("microphone", id);
  };
  return (
    <ShownMenu {...menu} label={t("call.device.chooseMicrophone")} placement="top">
      <DeviceSection
        name={t("call.device.microphone")}
        choices={choices}
        chosen={deviceId}
        onChoose={choose}
      />
      <NoiseItem media={media} />
      <SpeakerSection media={media} />
    </ShownMenu>
  );
}

export function CameraMenu({
  media,
  onBackground,
  ...menu
}: DeviceMenuProps & { onBackground(): void }) {
  const t = useCallTexts();
  const { choices, deviceId } = useStore(media.view).camera;
  const choose = (id: string) => {
    rememberDevice("camera", id);
    void media.choose("camera", id);
  };
  return (
    <ShownMenu {...menu} label={t("call.device.chooseCamera")} placement="top">
      <DeviceSection
        name={t("call.device.camera")}
        choices={choices}
        chosen={deviceId}
        onChoose={choose}
      />
      <BackgroundItem onOpen={onBackground} />
    </ShownMenu>
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
