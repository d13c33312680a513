import { Store } from "../../../store";

/** How one hears of messages while the tab is hidden. Both are off until a person switches them on. */
export interface AlertSettings {
  readonly sound: boolean;
  readonly notification: boolean;
}

const KEY = "parlour.chat-alerts";

function stored(): AlertSettings {
  try {
    const { sound, notification } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { sound: sound === true, notification: notification === true };
  } catch {
    return { sound: false, notification: false };
  }
}

export const alertSettings = new Store<AlertSettings>(stored());

export const canNotify = () => "Notification" in window;

/** Changes what is switched on, and keeps it. False where the browser permits no notifications. */
export async function chooseAlerts(settings: AlertSettings): Promise<boolean> {
  const wantsPermission = settings.notification && !alertSettings.get().notification;
  const permitted = !wantsPermission || (await Notification.requestPermission()) === "granted";
  const chosen = { ...settings, notification: settings.notification && permitted };
  alertSettings.set(chosen);
  try {
    localStorage.setItem(KEY, JSON.stringify(chosen));
  } catch {
    // Without storage, the choice holds until the page is left.
  }
  return permitted;
}
