/** The longest wait for the next picture of an element: a hidden tab of some browsers is told of none. */
const NEXT_WITHIN_MS = 1_000;

/**
 * Gives the pictures of a track where the browser has no MediaStreamTrackProcessor, such as Firefox: each is taken
 * from an element that shows them when the other end of the port asks for it (requested-frames.ts).
 */
export function framesOfElement(track: MediaStreamTrack, over: AbortSignal): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  void video.play().catch((error: unknown) => console.warn("A source of the recording", error));
  let isOver = false;
  const end = () => {
    isOver = true;
    over.removeEventListener("abort", end);
    video.srcObject = null;
    port1.close();
  };
  const give = async () => {
    do await nextFrame(video);
    while (!isOver && track.readyState === "live" && !hasPicture(video));
    if (isOver) return;
    if (track.readyState === "ended") {
      port1.postMessage(null);
      return end();
    }
    const frame = new VideoFrame(video, { timestamp: performance.now() * 1000 });
    port1.postMessage(frame, [frame]);
  };
  over.addEventListener("abort", end);
  port1.onmessage = ({ data }: MessageEvent<"next" | "end">) => {
    if (data === "end") end();
    else void give();
  };
  return port2;
}

function hasPicture(video: HTMLVideoElement): boolean {
  return video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0;
}

function nextFrame(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    const come = () => {
      clearTimeout(timer);
      video.cancelVideoFrameCallback(callback);
      resolve();
    };
    const timer = setTimeout(come, NEXT_WITHIN_MS);
    const callback = video.requestVideoFrameCallback(come);
  });
}
