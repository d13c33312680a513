import { framesOfElement } from "./element-frames";
import type { Given } from "./requested-frames";

/** Gives the frames of a track, or its sound, as a stream (MediaStreamTrack Insertable Media Processing). */
interface TrackProcessor {
  readonly readable: ReadableStream;
}

type TrackProcessorType = new (init: {
  track: MediaStreamTrack;
  maxBufferSize?: number;
}) => TrackProcessor;

/** Frames that wait for a slow reader; older ones are dropped by the browser. */
const WAITING_FRAMES = 2;
const WAITING_SOUND = 200;

function processorType(): TrackProcessorType | undefined {
  return (globalThis as { MediaStreamTrackProcessor?: TrackProcessorType })
    .MediaStreamTrackProcessor;
}

/** Whether this browser gives the frames and the sound of a track as streams. Firefox and Safari do not. */
export function hasTrackStreams(): boolean {
  return processorType() !== undefined;
}

/** Whether this browser has all that a recording needs. */
export function canRecord(): boolean {
  const { storage, locks } = navigator;
  return (
    typeof VideoFrame === "function" &&
    typeof VideoEncoder === "function" &&
    typeof AudioEncoder === "function" &&
    (hasTrackStreams() || typeof AudioWorkletNode === "function") &&
    typeof OffscreenCanvas === "function" &&
    typeof storage?.getDirectory === "function" &&
    locks !== undefined
  );
}

/** Gives the pictures of a track until `over`, or until nobody reads them any more. */
export function framesOf(track: MediaStreamTrack, over: AbortSignal): Given<VideoFrame> {
  return hasTrackStreams() ? streamOf(track) : framesOfElement(track, over);
}

export function streamOf(track: MediaStreamTrack): ReadableStream {
  const Processor = processorType();
  if (!Processor) throw new Error("This browser gives no frames of tracks");
  const maxBufferSize = track.kind === "video" ? WAITING_FRAMES : WAITING_SOUND;
  return new Processor({ track, maxBufferSize }).readable;
}
