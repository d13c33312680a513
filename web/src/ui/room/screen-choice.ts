import { parseScreenSettings, type ScreenSettings } from "../../call/screen-settings";

/** How screens were shared last. */
const KEY = "parlour.screens";

export function lastScreenSettings(): ScreenSettings {
  try {
    return parseScreenSettings(localStorage.getItem(KEY));
  } catch {
    return parseScreenSettings(null);
  }
}

export function rememberScreenSettings(settings: ScreenSettings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Without storage, screens are shared as usual next time.
  }
}
