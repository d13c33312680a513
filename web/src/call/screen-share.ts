import {
  DEFAULT_SCREEN_SETTINGS,
  displayOptions,
  framesPerSecondOf,
  type ScreenSettings,
  trackConstraints,
} from "./screen-settings";
import { type LocalScreen, SCREENS, type ScreenSource } from "./topology";

/** Why a screen could not be shared. A person who closes the picker causes no problem. */
export type ScreenProblem = "denied" | "failed";

/** Captures the screens, windows and tabs that the person picks, a few at once. */
export class ScreenShare {
  #screens: readonly LocalScreen[] = [];
  #settings = DEFAULT_SCREEN_SETTINGS;
  #problem: ScreenProblem | null = null;
  #request = 0;
  #state: "running" | "suspended" | "closed" = "running";

  constructor(
    private readonly devices: MediaDevices | null,
    private readonly changed: () => void,
  ) {}

  /** In the order in which their sharing began. */
  get screens(): readonly LocalScreen[] {
    return this.#screens;
  }

  get settings(): ScreenSettings {
    return this.#settings;
  }

  get problem(): ScreenProblem | null {
    return this.#problem;
  }

  get isPossible(): boolean {
    return Boolean(this.devices?.getDisplayMedia);
  }

  /**
   * Asks for a screen, beside those that are shared; false where none is added. A track picked after a newer request
   * or the call's end is stopped.
   */
  async start(): Promise<boolean> {
    if (!this.devices?.getDisplayMedia || this.#state !== "running") return false;
    if (this.#screens.length >= SCREENS.length) return false;
    const request = ++this.#request;
    this.#show(null);
    try {
      const supported = this.devices.getSupportedConstraints?.() ?? {};
      const options = displayOptions(this.#settings, { ...supported });
      const stream = await this.devices.getDisplayMedia(options);
      const isCurrent = request === this.#request;
      const [picture = null] = isCurrent ? stream.getVideoTracks() : [];
      const [sound = null] = picture ? stream.getAudioTracks() : [];
      for (const other of stream.getTracks()) {
        if (other !== picture && other !== sound) other.stop();
      }
      if (picture) this.#share(picture, sound);
      return picture !== null;
    } catch (error) {
      if (request === this.#request) this.#show(screenProblem(error));
      return false;
    }
  }

  /** Changes how screens are shared, also those that are shared already. */
  set(settings: ScreenSettings): void {
    this.#settings = settings;
    this.#screens = this.#screens.map((screen) => {
      const { picture } = screen;
      hint(picture, settings);
      void picture.applyConstraints?.(trackConstraints(settings)).catch((error: unknown) => {
        console.warn("Settings of a screen", error);
      });
      return { ...screen, ...encodedAs(settings) };
    });
    this.#show(this.#problem);
  }

  /** Ends the sharing of one screen, or of all, and takes back a request. */
  stop(source?: ScreenSource): void {
    this.#request++;
    const isOver = (screen: LocalScreen) => source === undefined || screen.source === source;
    for (const screen of this.#screens.filter(isOver)) {
      screen.picture.stop();
      screen.sound?.stop();
    }
    this.#screens = this.#screens.filter((screen) => !isOver(screen));
    this.#show(null);
  }

  suspend(): void {
    if (this.#state === "running") this.#state = "suspended";
    this.stop();
  }

  resume(): void {
    if (this.#state === "suspended") this.#state = "running";
  }

  close(): void {
    this.#state = "closed";
    this.stop();
  }

  #share(picture: MediaStreamTrack, sound: MediaStreamTrack | null): void {
    const taken = this.#screens.map(({ source }) => source);
    const source = SCREENS.find((free) => !taken.includes(free));
    if (!source) return;
    hint(picture, this.#settings);
    if (sound) sound.contentHint = "music";
    this.#screens = [...this.#screens, { source, picture, sound, ...encodedAs(this.#settings) }];
    // The browser's own button and the end of a window end the tracks.
    picture.addEventListener("ended", () => this.#end(picture));
    sound?.addEventListener("ended", () => this.#silence(sound));
    this.#show(null);
  }

  #end(picture: MediaStreamTrack): void {
    const screen = this.#screens.find((one) => one.picture === picture);
    if (!screen) return;
    screen.sound?.stop();
    this.#screens = this.#screens.filter((one) => one !== screen);
    this.#show(this.#problem);
  }

  /** The sound may end before the picture, as where another tab is shared instead. */
  #silence(sound: MediaStreamTrack): void {
    if (!this.#screens.some((screen) => screen.sound === sound)) return;
    this.#screens = this.#screens.map((screen) =>
      screen.sound === sound ? { ...screen, sound: null } : screen,
    );
    this.#show(this.#problem);
  }

  #show(problem: ScreenProblem | null): void {
    this.#problem = problem;
    this.changed();
  }
}

function hint(picture: MediaStreamTrack, { purpose }: ScreenSettings): void {
  picture.contentHint = purpose;
}

function encodedAs(settings: ScreenSettings): Pick<LocalScreen, "isText" | "framesPerSecond"> {
  return { isText: settings.purpose === "text", framesPerSecond: framesPerSecondOf(settings) };
}

/** Tells "the system forbids it" from "the person closed the picker" by the text: the error's name is the same. */
function screenProblem(error: unknown): ScreenProblem | null {
  const { name, message } = error as DOMException;
  if (name !== "NotAllowedError") return name === "AbortError" ? null : "failed";
  return /system|policy/i.test(message) ? "denied" : null;
}
