import type { DeviceNews } from "./device-view";
import type { MediaProblem } from "./media-problem";

/** Why a device is opened: the person asked for it, its track ended, or something happened by itself. */
export type Cause = "asked" | "ended" | DeviceNews["kind"];

/** The part of MediaDeviceInfo that decisions need. */
export interface ListedDevice {
  readonly deviceId: string;
  readonly groupId: string;
}

export interface DeviceListing {
  readonly before: readonly ListedDevice[];
  readonly now: readonly ListedDevice[];
  /** The device that is open; null where none is. */
  readonly used: { readonly deviceId: string | null; readonly hasEnded: boolean } | null;
  /** The device that the person chose, or that was in use until it went away. */
  readonly preferred: string | null;
}

/** What a new list of devices says of the one in use. */
export type ListChange =
  /** It was unplugged: some browsers report that by the list alone. */
  | "lost"
  /** It is the system's default, which is another device now. */
  | "default-moved"
  /** The preferred device is back in the list. */
  | "returned"
  | null;

/** Chromium's id for the system's default device. */
const DEFAULT = "default";
/** The wait before another attempt to open a device; it doubles with each one that fails. */
const RETRY_AFTER_MS = { first: 3_000, most: 30_000 } as const;
const RETRIED: ReadonlySet<MediaProblem | null> = new Set(["busy", "missing", "failed"]);

export function listChange({ before, now, used, preferred }: DeviceListing): ListChange {
  const isListed = (list: readonly ListedDevice[], id: string | null) =>
    list.some(({ deviceId }) => deviceId === id);
  if (used?.hasEnded) return "lost";
  // Before a permission is given, and for a moment after it was taken back, the list has no ids.
  if (used && now.length > 0 && isListed(before, used.deviceId) && !isListed(now, used.deviceId)) {
    return "lost";
  }
  if (isListed(now, preferred) && !isListed(before, preferred) && used?.deviceId !== preferred) {
    return "returned";
  }
  return used?.deviceId === DEFAULT && hasMoved(before, now) ? "default-moved" : null;
}

/** The wait before another attempt, after so many in a row that failed. */
export function retryAfterMs(attempts: number): number {
  return Math.min(RETRY_AFTER_MS.first * 2 ** attempts, RETRY_AFTER_MS.most);
}

/**
 * Whether the problem may pass by itself, and opening the device again asks the person nothing: without a lasting
 * permission, a browser would ask at each attempt.
 */
export function isRetried(
  problem: MediaProblem | null,
  permission: PermissionState | null,
): boolean {
  return RETRIED.has(problem) && permission === "granted";
}

/** Whether a person took back the permission that they had given; a reset one would be asked for again. */
export function isTakenBack(before: PermissionState | null, now: PermissionState | null): boolean {
  return now === "denied" || (now === "prompt" && before === "granted");
}

/** Tells what is new to the person; null where nothing is. `former` is the name of the device before, where known. */
export function newsOf(cause: Cause, name: string, former: string | null): DeviceNews | null {
  // The system's default may be another device under the same id.
  const isAnother = cause === "ended" && former !== null && former !== name;
  if (cause === "replaced" || isAnother) return { kind: "replaced", name, former };
  if (cause === "asked" || cause === "ended") return null;
  return { kind: cause, name, former: null };
}

function hasMoved(before: readonly ListedDevice[], now: readonly ListedDevice[]): boolean {
  const [was, is] = [before, now].map((list) => list.find(({ deviceId }) => deviceId === DEFAULT));
  return was !== undefined && is !== undefined && was.groupId !== is.groupId;
}
