import { playedInWindow } from "./played-tracks";

/** One of the elements that play a person's or a screen's media. */
export interface Layer {
  /** Names the element; a stream may take another one's place in the same element. */
  readonly key: number;
  readonly stream: MediaStream;
}

/**
 * What plays in a tile. Media that begin to come by another way play unseen and unheard first, so that neither a
 * black picture nor silence is between the two.
 */
export interface Layers {
  readonly shown: Layer;
  /** What takes the place of the shown one as soon as it has a picture. */
  readonly coming: Layer | null;
  /** What was shown before, beneath the shown one until that is on the screen. */
  readonly leaving: Layer | null;
}

export function onlyLayer(stream: MediaStream): Layers {
  return { shown: { key: 0, stream }, coming: null, leaving: null };
}

/** The stream that was asked for last. */
export function latestStream({ shown, coming }: Layers): MediaStream {
  return (coming ?? shown).stream;
}

/** Another stream is to be shown, after the one before. */
export function withStream(layers: Layers, stream: MediaStream): Layers {
  const { shown, leaving } = layers;
  if (stream === shown.stream) return { shown, coming: null, leaving };
  if (!isWorthKeeping(shown.stream)) return withStreamAtOnce(layers, stream);
  const keys = [layers.shown, layers.coming, layers.leaving].map((layer) => layer?.key ?? 0);
  return { shown, coming: { key: Math.max(...keys) + 1, stream }, leaving };
}

/** Another stream takes the place of the one before, in the same element. */
export function withStreamAtOnce({ shown, leaving }: Layers, stream: MediaStream): Layers {
  return { shown: { ...shown, stream }, coming: null, leaving };
}

/** A stream has its picture; others than the one that comes are passed over. */
export function withPicture(layers: Layers, stream: MediaStream): Layers {
  const { shown, coming } = layers;
  return coming?.stream === stream ? { shown: coming, coming: null, leaving: shown } : layers;
}

export function withoutLeaving(layers: Layers): Layers {
  return { ...layers, leaving: null };
}

/** The elements from the lowest to the topmost. */
export function stacked({ leaving, shown, coming }: Layers): Layer[] {
  return [leaving, shown, coming].filter((layer) => layer !== null);
}

function isWorthKeeping(stream: MediaStream): boolean {
  const isLive = stream.getTracks().some(({ readyState }) => readyState === "live");
  return isLive && !isInWindowOfItsOwn(stream);
}

/** The browser's window for one video would close with its element, which plays the tracks of one stream after another. */
function isInWindowOfItsOwn(stream: MediaStream): boolean {
  const played = playedInWindow()?.stream.getTracks();
  return stream.getTracks().some((track) => played?.includes(track));
}

/** The longest wait for a picture that flows, and for the sound of media without one. */
const PICTURE_WITHIN_MS = 1_500;
const SOUND_WITHIN_MS = 200;

/** Waits until a video has a picture, or sound where no picture flows. Returns what ends the wait. */
export function whenShowable(
  video: HTMLVideoElement,
  stream: MediaStream,
  showable: () => void,
): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const come = () => {
    if (signal.aborted) return;
    end();
    showable();
  };
  const hasPicture = stream.getVideoTracks().some((track) => !track.muted);
  const timer = setTimeout(come, hasPicture ? PICTURE_WITHIN_MS : SOUND_WITHIN_MS);
  const end = () => {
    clearTimeout(timer);
    ending.abort();
  };
  if (!hasPicture) video.addEventListener("playing", come, { signal });
  else if (tellsFrames(video) && isRendered(video)) {
    const request = video.requestVideoFrameCallback(come);
    signal.addEventListener("abort", () => video.cancelVideoFrameCallback(request));
  } else video.addEventListener("loadeddata", come, { signal });
  return end;
}

/** Firefox tells of frames since its version 132. */
function tellsFrames(video: Partial<HTMLVideoElement>): boolean {
  return video.requestVideoFrameCallback !== undefined;
}

/** Browsers tell of no frames of what nobody can see. */
function isRendered(video: HTMLVideoElement): boolean {
  return video.ownerDocument.visibilityState === "visible" && video.getClientRects().length > 0;
}
