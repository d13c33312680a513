import { bestEffort } from "../../call/best-effort";

/** The shape of a picture that has not come yet. */
const USUAL_RATIO = 16 / 9;
/** More pixels to a CSS pixel are not told apart by eyes. */
const MOST_DENSITY = 2;

/**
 * Follows how high a video's picture is shown, in pixels of the screen, until the returned function is called: 0
 * while it is scrolled away, or the page is hidden. A browser that cannot measure it tells nothing.
 */
export function watchSize(video: HTMLVideoElement, changed: (height: number) => void): () => void {
  // A tile may be shown in a window of its own.
  const page = video.ownerDocument;
  const ending = new AbortController();
  const { signal } = ending;
  let isInSight = true;
  const measure = () => {
    const isOnPage = isInSight && !isCovered(video) && page.visibilityState === "visible";
    const isSeen = isOnPage || isApart(video);
    changed(isSeen ? shownHeight(video) : 0);
  };
  const observers = bestEffort("pictures that fit their tiles", () => {
    // Those of the window that the tile is in, which go on while the page that opened it is hidden.
    const { ResizeObserver, IntersectionObserver } = page.defaultView ?? window;
    const sizes = new ResizeObserver(measure);
    const sight = new IntersectionObserver((entries) => {
      isInSight = entries.at(-1)?.isIntersecting ?? isInSight;
      measure();
    });
    for (const observer of [sizes, sight]) observer.observe(video);
    return [sizes, sight];
  });
  if (!observers) return () => {};
  for (const event of ["visibilitychange", "fullscreenchange"]) {
    page.addEventListener(event, measure, { signal });
  }
  // Another screen may have other pixels.
  page.defaultView?.addEventListener("resize", measure, { signal });
  for (const event of ["resize", "enterpictureinpicture", "leavepictureinpicture"]) {
    video.addEventListener(event, measure, { signal });
  }
  return () => {
    ending.abort();
    for (const observer of observers) observer.disconnect();
  };
}

/** Whether it is shown in a window of its own, above all others. */
function isApart(video: HTMLVideoElement): boolean {
  return video.ownerDocument.pictureInPictureElement === video;
}

function isCovered(video: HTMLVideoElement): boolean {
  return video.ownerDocument.fullscreenElement?.contains(video) === false;
}

/** How many pixels of the screen a height of a page takes, as far as eyes tell them apart. */
export function pixelsOf(height: number, page: Window | null): number {
  return Math.round(height * Math.min(page?.devicePixelRatio ?? 1, MOST_DENSITY));
}

function shownHeight(video: HTMLVideoElement): number {
  const { clientWidth, clientHeight, videoWidth, videoHeight } = video;
  const ratio = videoHeight > 0 ? videoWidth / videoHeight : USUAL_RATIO;
  const isWhole = getComputedStyle(video).objectFit === "contain";
  const byWidth = clientWidth / ratio;
  const height = isWhole ? Math.min(clientHeight, byWidth) : Math.max(clientHeight, byWidth);
  return pixelsOf(height, video.ownerDocument.defaultView);
}
