import type { RecordedView, Seat } from "./picture-layout";
import type { Given } from "./requested-frames";

/** Where a recording is kept: below the private files of this origin. */
export interface RecordingFile {
  readonly folder: readonly string[];
  readonly name: string;
}

/** Who is to be in the picture from now on. */
export interface Scene {
  readonly view: RecordedView;
  readonly seats: readonly Seat[];
  /** Who is heard to speak. */
  readonly speaker: string | null;
}

/** What the page tells the worker. Frames come in streams, or over ports, that are transferred. */
export type RecorderOrder =
  | {
      readonly kind: "start";
      readonly file: RecordingFile;
      readonly sound: Given<AudioData>;
      /** Samples a second of the sound. */
      readonly soundRate: number;
    }
  | { readonly kind: "scene"; readonly scene: Scene }
  | { readonly kind: "frames"; readonly id: string; readonly frames: Given<VideoFrame> }
  | { readonly kind: "pause" | "resume" | "stop" }
  | { readonly kind: "repair"; readonly file: RecordingFile; readonly repaired: RecordingFile };

export type RecordingEnd =
  /** It was stopped. */
  | "stopped"
  /** The disk is full, or nearly so. */
  | "full"
  /** Something went wrong; what was written is kept. */
  | "failed";

/** What the worker tells the page. */
export type RecorderNews =
  | { readonly kind: "started" }
  | {
      readonly kind: "progress";
      readonly seconds: number;
      readonly bytes: number;
      /** Bytes that are still free for this site; null where the browser does not tell. */
      readonly free: number | null;
    }
  /** `isWhole` says that the file has its end: else one cannot seek in it before it is mended. */
  | { readonly kind: "ended"; readonly end: RecordingEnd; readonly isWhole: boolean }
  | { readonly kind: "repaired"; readonly ok: boolean };

/** With less than this, a recording ends while there is room for what makes it seekable. */
export const LEAST_FREE_BYTES = 32 * 1024 * 1024;

export function isFull(free: number | null): boolean {
  return free !== null && free < LEAST_FREE_BYTES;
}

/** Why a recording ends where its file cannot be written. */
export function endAfter(error: unknown): RecordingEnd {
  return (error as DOMException | null)?.name === "QuotaExceededError" ? "full" : "failed";
}
