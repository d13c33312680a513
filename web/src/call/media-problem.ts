/** Why a device gives no media; a "silent" device is open, but muted by the system or by a switch on it. */
export type MediaProblem =
  | "denied"
  | "missing"
  | "busy"
  | "insecure"
  | "unsupported"
  | "silent"
  | "failed";

/** Thrown where the browser gives pages no devices at all. */
export class NoDevices extends Error {}

export function mediaProblem(error: unknown): MediaProblem {
  if (error instanceof NoDevices) {
    return globalThis.isSecureContext === false ? "insecure" : "unsupported";
  }
  switch ((error as DOMException | undefined)?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}
