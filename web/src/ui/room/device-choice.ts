import type { DeviceKind } from "../../call/media";

/** Whether microphone and camera were on when the last room was entered, and which devices were chosen. */
const KEY = "parlour.devices";

type ChosenKind = DeviceKind | "speaker";

export interface DeviceChoice {
  readonly microphone: boolean;
  readonly camera: boolean;
  /** Devices by the ids that this browser gives them on this site; null where none was chosen. */
  readonly chosen: Readonly<Record<ChosenKind, string | null>>;
}

const NO_CHOICE: DeviceChoice = {
  microphone: true,
  camera: true,
  chosen: { microphone: null, camera: null, speaker: null },
};

export function lastChoice(): DeviceChoice {
  try {
    return readChoice(localStorage.getItem(KEY));
  } catch {
    return NO_CHOICE;
  }
}

/** Reads what is stored, also by older versions, which kept no devices. */
export function readChoice(stored: string | null): DeviceChoice {
  const { microphone, camera, chosen } = JSON.parse(stored ?? "{}");
  const id = (kind: ChosenKind) => (typeof chosen?.[kind] === "string" ? chosen[kind] : null);
  return {
    microphone: microphone !== false,
    camera: camera !== false,
    chosen: { microphone: id("microphone"), camera: id("camera"), speaker: id("speaker") },
  };
}

export function rememberChoice(kind: DeviceKind, on: boolean): void {
  store({ ...lastChoice(), [kind]: on });
}

export function rememberDevice(kind: ChosenKind, deviceId: string): void {
  const choice = lastChoice();
  store({ ...choice, chosen: { ...choice.chosen, [kind]: deviceId } });
}

function store(choice: DeviceChoice): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
  } catch {
    // Without storage, both are on next time, and the browser chooses.
  }
}
