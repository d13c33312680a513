/** Where a camera of a phone looks: at the person, or away from them. */
export type Facing = "front" | "back";

type Camera = Pick<MediaDeviceInfo, "deviceId" | "label">;

const BY_MODE: Readonly<Record<string, Facing>> = { user: "front", environment: "back" };
/** As browsers call them in English, for those that do not tell the capabilities of a device. */
const BY_LABEL: readonly (readonly [RegExp, Facing])[] = [
  [/\b(back|rear|environment)\b/i, "back"],
  [/\b(front|user|selfie)\b/i, "front"],
];

/** Null where that is not known, as of a webcam. */
export function facingOf(camera: Camera): Facing | null {
  const [mode] = modesOf(camera);
  if (mode) return BY_MODE[mode] ?? null;
  return BY_LABEL.find(([pattern]) => pattern.test(camera.label))?.[1] ?? null;
}

/** The first camera that looks the other way; null where there is none. Phones list their main camera first. */
export function otherWay<C extends Camera>(cameras: readonly C[], used: string | null): C | null {
  const current = cameras.find(({ deviceId }) => deviceId === used);
  const facing = current && facingOf(current);
  if (!facing) return null;
  return (
    cameras.find((camera) => facingOf(camera) === (facing === "front" ? "back" : "front")) ?? null
  );
}

/** `getCapabilities` is newer than some browsers, and TypeScript's description of a listed device. */
function modesOf(camera: Camera): readonly string[] {
  const { getCapabilities } = camera as Partial<InputDeviceInfo>;
  return getCapabilities?.call(camera).facingMode ?? [];
}
