/** What matters in a shared screen: "text" that is sharp, or "motion" that is smooth. */
export type ScreenPurpose = "text" | "motion";

export interface ScreenSettings {
  readonly purpose: ScreenPurpose;
  /** Null for what suits the purpose. */
  readonly framesPerSecond: number | null;
  /** The most lines; null for as many as the screen has. */
  readonly lines: number | null;
}

export const FRAME_RATES = [5, 15, 30] as const;
export const SIZES = [720, 1080, 1440] as const;
export const DEFAULT_SCREEN_SETTINGS: ScreenSettings = {
  purpose: "text",
  framesPerSecond: null,
  lines: null,
};
const SUITING = { text: 5, motion: 30 };
/** What a browser captures where nothing limits it: a screen of the largest size that is sold. */
const MOST_LINES = 4320;

export function framesPerSecondOf({ purpose, framesPerSecond }: ScreenSettings): number {
  return framesPerSecond ?? SUITING[purpose];
}

/** What a track of a screen is asked for. Each limit is always named, since a browser keeps one that is left out. */
export function trackConstraints(settings: ScreenSettings): MediaTrackConstraints {
  return {
    frameRate: { max: framesPerSecondOf(settings) },
    height: { max: settings.lines ?? MOST_LINES },
  };
}

/** Reads what was kept, which may be of an older client or broken. */
export function parseScreenSettings(kept: string | null): ScreenSettings {
  try {
    const { purpose, framesPerSecond, lines } = JSON.parse(kept ?? "") as Record<string, unknown>;
    return {
      purpose: purpose === "motion" ? "motion" : "text",
      framesPerSecond: FRAME_RATES.find((rate) => rate === framesPerSecond) ?? null,
      lines: SIZES.find((size) => size === lines) ?? null,
    };
  } catch {
    return DEFAULT_SCREEN_SETTINGS;
  }
}

/** Options of getDisplayMedia that are newer than TypeScript's description of the DOM. */
type DisplayOptions = DisplayMediaStreamOptions & {
  readonly selfBrowserSurface?: "include" | "exclude";
  readonly surfaceSwitching?: "include" | "exclude";
  readonly systemAudio?: "include" | "exclude";
  readonly windowAudio?: "exclude" | "window" | "system";
  readonly monitorTypeSurfaces?: "include" | "exclude";
};

/**
 * What the browser is asked for. Nothing may echo: this page cannot be picked, for its sound would be what the
 * others say; and the sound of the whole system, of which that is a part, is only offered where the browser can
 * leave this page's out of it (`restrictOwnAudio`). Who shares goes on hearing a shared tab, which the echo
 * cancellation of the microphone knows as the browser's own sound.
 */
export function displayOptions(
  settings: ScreenSettings,
  supported: Readonly<Record<string, boolean | undefined>>,
): DisplayOptions {
  const leavesOutOwn = supported.restrictOwnAudio === true;
  const audio = {
    // Made for voices, these would spoil music.
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
    suppressLocalAudioPlayback: false,
    ...(leavesOutOwn && { restrictOwnAudio: true }),
  };
  return {
    // No first choice of a surface: a browser that is given one hides the others behind a tab.
    video: trackConstraints(settings),
    audio,
    selfBrowserSurface: "exclude",
    surfaceSwitching: "include",
    monitorTypeSurfaces: "include",
    systemAudio: leavesOutOwn ? "include" : "exclude",
    windowAudio: leavesOutOwn ? "window" : "exclude",
  };
}
