/** What a page gives the worker: a stream, or the port of one where the browser cannot make a stream of a track. */
export type Given<T> = ReadableStream<T> | MessagePort;

/** Blocks of sound that wait for a slow encoder; later ones are dropped. A block is 21 ms of 48 kHz. */
const WAITING_BLOCKS = 100;

/** A block of sound in two channels, one after the other. */
export interface SoundBlock {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRate: number;
}

/**
 * Reads pictures from a port: one is asked for at a time. A null is the end. A stream pulls both when a picture is
 * taken and when the next one is wanted, unless the pull before is still pending: so it is until its picture is there.
 * Else each picture would ask for two, and those for four.
 */
export function requestedFrames(given: Given<VideoFrame>): ReadableStream<VideoFrame> {
  if (given instanceof ReadableStream) return given;
  let come = () => {};
  return new ReadableStream<VideoFrame>({
    start: (controller) => {
      given.onmessage = ({ data }: MessageEvent<VideoFrame | null>) => {
        if (data) controller.enqueue(data);
        else {
          given.close();
          controller.close();
        }
        come();
      };
    },
    pull: () =>
      new Promise<void>((resolve) => {
        come = resolve;
        given.postMessage("next");
      }),
    cancel: () => {
      given.onmessage = ({ data }: MessageEvent<VideoFrame | null>) => data?.close();
      given.postMessage("end");
    },
  });
}

/** Reads blocks of sound from a port, which come as they are heard. A null says that none will come. */
export function soundOf(given: Given<AudioData>): ReadableStream<AudioData> {
  if (given instanceof ReadableStream) return given;
  return new ReadableStream<AudioData>(
    {
      start: (controller) => {
        given.onmessage = ({ data }: MessageEvent<SoundBlock | null>) => {
          if (!data) controller.error(new Error("The sound cannot be recorded"));
          else if ((controller.desiredSize ?? 0) > 0) controller.enqueue(audioData(data));
        };
      },
      cancel: () => given.close(),
    },
    { highWaterMark: WAITING_BLOCKS },
  );
}

function audioData({ samples, sampleRate }: SoundBlock): AudioData {
  return new AudioData({
    format: "f32-planar",
    sampleRate,
    numberOfChannels: 2,
    numberOfFrames: samples.length / 2,
    timestamp: 0, // the recording places it by its own clock
    data: samples,
  });
}
