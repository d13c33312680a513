/** Whether this browser can tell people from what is behind them. */
export function canReplaceBackground(): boolean {
  const hasTools = [globalThis.Worker, globalThis.WebAssembly, globalThis.OffscreenCanvas].every(
    Boolean,
  );
  return hasTools && (hasFrameStreams() || hasFrameCallbacks());
}

/** Pictures of a track as a stream, which goes on in a tab that is hidden. */
export function hasFrameStreams(): boolean {
  return "MediaStreamTrackProcessor" in globalThis && "MediaStreamTrackGenerator" in globalThis;
}

function hasFrameCallbacks(): boolean {
  const { HTMLVideoElement: video, HTMLCanvasElement: canvas } = globalThis;
  return Boolean(
    video && "requestVideoFrameCallback" in video.prototype && "captureStream" in canvas.prototype,
  );
}

export function canSuppressNoise(): boolean {
  return Boolean(globalThis.AudioWorkletNode && globalThis.WebAssembly && globalThis.Worker);
}
