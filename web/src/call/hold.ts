/** What a device gives: nothing because it is off, media, or none although it is on, since the system takes them. */
export type Supply = "off" | "flowing" | "muted";

export interface Supplies {
  readonly microphone: Supply;
  readonly camera: Supply;
  /** Whether another application is in front of the page. */
  readonly isHidden: boolean;
}

/**
 * Whether a telephone call, or the like, has taken the microphone. A switch on a headset mutes it too: only together
 * with the camera, or while another application is in front, that says more. Once it is so, it stays so until the
 * microphone is back: who hangs up sees this page first.
 */
export function isOnHold(before: boolean, { microphone, camera, isHidden }: Supplies): boolean {
  if (microphone !== "muted") return false;
  return before || camera === "muted" || isHidden;
}
