import type { MediaProblem } from "./media-problem";

export type DeviceKind = "microphone" | "camera";

/** What happened to a device by itself, without the person having asked for it. */
export interface DeviceNews {
  readonly kind: /** Another device is in the place of one that is gone. */
    | "replaced"
    /** The device that the person had before is back, and in use again. */
    | "returned"
    /** The system's default is another device now, and in use. */
    | "default-moved"
    /** A device that had a problem works. */
    | "recovered";
  /** Name of the device in use. */
  readonly name: string;
  /** Name of the device that is gone, where it is known. */
  readonly former: string | null;
}

export interface DeviceView {
  readonly on: boolean;
  /** Whether it is being opened. */
  readonly pending: boolean;
  readonly problem: MediaProblem | null;
  /** Name of the device with the problem, where it is not the device in use. */
  readonly problemWith: string | null;
  /** Whether opening it is tried again by itself. */
  readonly isRetried: boolean;
  /** The latest, until the person presses something. */
  readonly news: DeviceNews | null;
  readonly deviceId: string | null;
  readonly choices: readonly MediaDeviceInfo[];
}

export const OFF: DeviceView = {
  on: false,
  pending: false,
  problem: null,
  problemWith: null,
  isRetried: false,
  news: null,
  deviceId: null,
  choices: [],
};
