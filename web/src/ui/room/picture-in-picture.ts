import type { View, Views } from "../../call/quality/views";
import type { PictureSource } from "../../call/quality/wishes";
import { Store } from "../../store";
import { playTracks } from "./played-tracks";

/** The picture that is looked at, for a window that has room for one. */
export interface Focus {
  readonly participant: string;
  readonly source: PictureSource;
  readonly track: MediaStreamTrack;
}

/** A window above all others that shows the call: a page of ours, or a video without anything around it. */
export type SmallWindow =
  | { readonly kind: "page"; readonly window: Window }
  | { readonly kind: "video"; readonly video: HTMLVideoElement };

interface DocumentPictureInPicture {
  requestWindow(size: { width: number; height: number }): Promise<Window>;
}

const SIZE = { width: 420, height: 330 };
/** The longest wait for the first frame; browsers let a page open the window only so long after a press. */
const FRAME_WITHIN_MS = 4_000;

/** Shows the call in a small window that stays on top, in the better of the two ways that the browser has. */
export class PictureInPicture {
  readonly shown = new Store<SmallWindow | null>(null);
  readonly #video: SpeakerVideo;
  /** Counts closings, to notice one that happens while the window opens. */
  #closings = 0;

  constructor(views: Views) {
    this.#video = new SpeakerVideo(views, () => this.shown.set(null));
  }

  /** Whether the browser has it, and it has something to show there. */
  get isPossible(): boolean {
    return pages() !== null || (document.pictureInPictureEnabled && this.#video.hasPicture);
  }

  /** Follows what is looked at. */
  follow(focus: Focus | null): void {
    this.#video.follow(focus);
  }

  /** Opens the window; to be called on a press, without which browsers refuse it. */
  async open(): Promise<void> {
    const before = this.#closings;
    const shown = await this.#open();
    if (before !== this.#closings) this.#end(shown);
    else this.shown.set(shown);
  }

  close(): void {
    this.#closings += 1;
    const shown = this.shown.get();
    this.shown.set(null);
    if (shown) this.#end(shown);
  }

  async #open(): Promise<SmallWindow> {
    const ways = pages();
    if (!ways) return { kind: "video", video: await this.#video.open() };
    const window = await ways.requestWindow(SIZE);
    dress(window.document);
    // Closed by the person, or since this page goes away.
    window.addEventListener("pagehide", () => this.#gone(window), { once: true });
    return { kind: "page", window };
  }

  #gone(window: Window): void {
    const shown = this.shown.get();
    if (shown?.kind === "page" && shown.window === window) this.shown.set(null);
  }

  #end(shown: SmallWindow): void {
    if (shown.kind === "page") shown.window.close();
    else this.#video.close();
  }
}

function pages(): DocumentPictureInPicture | null {
  const { documentPictureInPicture: ways } = window as {
    documentPictureInPicture?: DocumentPictureInPicture;
  };
  return ways ?? null;
}

/** Gives the empty page of a window our style sheets and what they go by. */
function dress(page: Document): void {
  const { documentElement: ours, title } = document;
  for (const name of ["lang", "dir", "data-theme"]) {
    const value = ours.getAttribute(name);
    if (value !== null) page.documentElement.setAttribute(name, value);
  }
  page.title = title;
  for (const sheet of document.querySelectorAll<HTMLElement>('link[rel="stylesheet"], style')) {
    const copy = page.importNode(sheet, true);
    if (sheet instanceof HTMLLinkElement) copy.setAttribute("href", sheet.href);
    page.head.append(copy);
  }
}

/** One video in a window of its own, which follows what is looked at. The voices go on in the page. */
class SpeakerVideo {
  #video: HTMLVideoElement | null = null;
  #focus: Focus | null = null;
  #view: View | null = null;
  #height = 0;

  constructor(
    private readonly views: Views,
    private readonly closed: () => void,
  ) {}

  get hasPicture(): boolean {
    return this.#focus !== null;
  }

  follow(focus: Focus | null): void {
    const { participant, source, track } = focus ?? {};
    const known = this.#focus;
    const isSame =
      known?.track === track && known?.participant === participant && known?.source === source;
    if (isSame) return;
    this.#focus = focus;
    if (this.#video) this.#show(this.#video);
  }

  async open(): Promise<HTMLVideoElement> {
    this.close();
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.autoplay = true;
    video.className = "unseen";
    document.body.append(video);
    this.#video = video;
    try {
      this.#show(video);
      // By itself, Chromium plays what is muted only while it is in sight, which this is not.
      video.play().catch((error: unknown) => console.warn("A picture in a small window", error));
      await firstFrame(video);
      const window = await video.requestPictureInPicture();
      video.addEventListener("leavepictureinpicture", () => this.#left(video), { once: true });
      window.addEventListener("resize", () => this.#resized(window.height));
      this.#resized(window.height);
      return video;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    const video = this.#video;
    if (!video) return;
    this.#video = null;
    this.#view?.close();
    this.#view = null;
    this.#height = 0;
    if (document.pictureInPictureElement === video) void document.exitPictureInPicture();
    video.srcObject = null;
    video.remove();
  }

  #left(video: HTMLVideoElement): void {
    if (video !== this.#video) return;
    this.close();
    this.closed();
  }

  #show(video: HTMLVideoElement): void {
    this.#view?.close();
    this.#view = null;
    // A picture that ends leaves the last one standing: without any, browsers would close the window.
    if (!this.#focus) return;
    const { participant, source, track } = this.#focus;
    if (video.srcObject instanceof MediaStream) playTracks(video.srcObject, [track]);
    else video.srcObject = new MediaStream([track]);
    this.#view = this.views.open(participant, source);
    this.#view.show(this.#height);
  }

  #resized(height: number): void {
    this.#height = Math.round(height * Math.min(devicePixelRatio, 2));
    this.#view?.show(this.#height);
  }
}

/** Waits until a video has a picture. Rejects where none comes in time. */
function firstFrame(video: HTMLVideoElement): Promise<void> {
  if (video.readyState >= HTMLMediaElement.HAVE_METADATA) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("No picture came.")), FRAME_WITHIN_MS);
    const come = () => {
      clearTimeout(timer);
      resolve();
    };
    video.addEventListener("loadedmetadata", come, { once: true });
  });
}
