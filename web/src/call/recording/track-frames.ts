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

/** Whether this browser has all that a recording needs. Firefox and Safari lack some of it. */
export function canRecord(): boolean {
  const { storage, locks } = navigator;
  return (
    processorType() !== undefined &&
    typeof VideoEncoder === "function" &&
    typeof AudioEncoder === "function" &&
    typeof OffscreenCanvas === "function" &&
    typeof storage?.getDirectory === "function" &&
    locks !== undefined
  );
}

export function streamOf(track: MediaStreamTrack): ReadableStream {
  const Processor = processorType();
  if (!Processor) throw new Error("This browser gives no frames of tracks");
  const maxBufferSize = track.kind === "video" ? WAITING_FRAMES : WAITING_SOUND;
  return new Processor({ track, maxBufferSize }).readable;
}
