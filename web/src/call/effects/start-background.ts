import type { Background } from "./background";
import { backgroundImage } from "./background-image";
import type { Effect, EffectWatch } from "./effect";
import { Segmentation } from "./segmentation";
import { hasFrameStreams } from "./support";

/** Where browsers call nobody about new pictures, as in a hidden tab of some, pictures are taken this often. */
const HIDDEN_FRAME_MS = 1_000;

/** Hides what is behind a person. Loaded when a background is chosen. */
export async function startBackground(
  captured: MediaStreamTrack,
  background: Background,
  watch: EffectWatch,
): Promise<Effect> {
  const image = background === "blur" ? null : await backgroundImage(background);
  const segmentation = new Segmentation(image);
  try {
    await segmentation.load();
    const run = hasFrameStreams() ? runOnStreams : runOnElements;
    return await run(captured, segmentation, watch);
  } catch (error) {
    segmentation.close();
    throw error;
  }
}

/** Reads the pictures of the track as a stream. Pictures that come while one is worked on are left out. */
async function runOnStreams(
  captured: MediaStreamTrack,
  segmentation: Segmentation,
  watch: EffectWatch,
): Promise<Effect> {
  const frames = new MediaStreamTrackProcessor({ track: captured, maxBufferSize: 1 });
  const reader = frames.readable.getReader();
  const track = new MediaStreamTrackGenerator({ kind: "video" });
  const writer = track.writable.getWriter();
  let isClosed = false;
  const go = async () => {
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      const began = performance.now();
      const { timestamp } = frame;
      const bitmap = await segmentation.render(frame);
      await writer.write(new VideoFrame(bitmap, { timestamp }));
      bitmap.close();
      watch.took(performance.now() - began);
    }
  };
  go().catch((error: unknown) => {
    if (!isClosed) watch.failed(error);
  });
  return {
    track,
    close: () => {
      isClosed = true;
      track.stop();
      reader.cancel().catch(() => {});
      segmentation.close();
    },
  };
}

/** Shows the pictures in an element, and draws what becomes of them to a canvas that is captured. */
async function runOnElements(
  captured: MediaStreamTrack,
  segmentation: Segmentation,
  watch: EffectWatch,
): Promise<Effect> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([captured]);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("bitmaprenderer");
  const [track] = canvas.captureStream().getVideoTracks();
  if (!context || !track) throw new Error("A canvas cannot be captured");
  let isClosed = false;
  const go = async () => {
    await video.play();
    while (!isClosed) {
      await nextFrame(video);
      if (isClosed || video.videoWidth === 0) continue;
      const began = performance.now();
      const bitmap = await segmentation.render(await createImageBitmap(video));
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      context.transferFromImageBitmap(bitmap);
      watch.took(performance.now() - began);
    }
  };
  go().catch((error: unknown) => {
    if (!isClosed) watch.failed(error);
  });
  return {
    track,
    close: () => {
      isClosed = true;
      track.stop();
      video.srcObject = null;
      segmentation.close();
    },
  };
}

function nextFrame(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HIDDEN_FRAME_MS);
    video.requestVideoFrameCallback(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
