import type { DeviceKind } from "../../call/media";

/** Whether microphone and camera were on when the last room was entered. */
const KEY = "parlour.devices";

type Choice = Record<DeviceKind, boolean>;

export function lastChoice(): Choice {
  try {
    const { microphone, camera } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { microphone: microphone !== false, camera: camera !== false };
  } catch {
    return { microphone: true, camera: true };
  }
}

export function rememberChoice(kind: DeviceKind, on: boolean): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...lastChoice(), [kind]: on }));
  } catch {
    // Without storage, both are on next time.
  }
}
