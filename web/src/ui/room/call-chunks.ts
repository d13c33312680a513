/** What the lobby and the call load when it is needed. */

import { useEffect } from "react";
import { Chunk } from "../../chunk";
import { fetchWhenIdle } from "../../idle-chunks";
import { TOAST_REGION } from "../kit/toast";

const MENUS = new Chunk(() => import("./call-menus"));
export const MICROPHONE_MENU = MENUS.part((menus) => menus.MicrophoneMenu);
export const CAMERA_MENU = MENUS.part((menus) => menus.CameraMenu);
export const SCREEN_MENU = MENUS.part((menus) => menus.ScreenMenu);
export const VIEW_MENU = MENUS.part((menus) => menus.ViewMenu);
export const MORE_MENU = MENUS.part((menus) => menus.MoreMenu);
export const GESTURES_POPOVER = MENUS.part((menus) => menus.GesturesPopover);

const DIALOGS = new Chunk(() => import("./call-dialogs"));
export const INVITE_DIALOG = DIALOGS.part((dialogs) => dialogs.InviteDialog);
export const ATTENDANCE_DIALOG = DIALOGS.part((dialogs) => dialogs.AttendanceDialog);
export const SETTINGS_DIALOG = DIALOGS.part((dialogs) => dialogs.SettingsDialog);
export const SHORTCUT_SHEET = DIALOGS.part((dialogs) => dialogs.ShortcutSheet);
export const BACKGROUND_DIALOG = DIALOGS.part((dialogs) => dialogs.BackgroundDialog);

export const PEOPLE_PANEL = new Chunk(() =>
  import("./people-panel").then((file) => file.PeoplePanel),
);
export const CHAT_PANEL = new Chunk(() =>
  import("./chat/chat-panel").then((file) => file.ChatPanel),
);
export const HEALTH_PANEL = new Chunk(() =>
  import("./health/health-panel").then((file) => file.HealthPanel),
);
export const RECORDING_PANEL = new Chunk(() =>
  import("./recording/recording-panel").then((file) => file.RecordingPanel),
);
export const CONSENT_QUESTION = new Chunk(() =>
  import("./recording/consent-question").then((file) => file.ConsentQuestion),
);
export const SMALL_CALL = new Chunk(() => import("./small-call").then((file) => file.SmallCall));
export const CHIME = new Chunk(() => import("./chat/chime").then((file) => file.chime));

/** What a call may need while the server is away, the likeliest first. */
const OF_A_CALL = [
  TOAST_REGION,
  MICROPHONE_MENU,
  CAMERA_MENU,
  SCREEN_MENU,
  VIEW_MENU,
  MORE_MENU,
  GESTURES_POPOVER,
  CHAT_PANEL,
  PEOPLE_PANEL,
  HEALTH_PANEL,
  INVITE_DIALOG,
  ATTENDANCE_DIALOG,
  SETTINGS_DIALOG,
  SHORTCUT_SHEET,
  BACKGROUND_DIALOG,
  RECORDING_PANEL,
  CONSENT_QUESTION,
  SMALL_CALL,
  CHIME,
];

/** Of the lobby alone. */
export const DEVICE_CHECK = new Chunk(() =>
  import("./device-check").then((file) => file.DeviceCheckDialog),
);
export const RECORDING_QUESTION = new Chunk(() =>
  import("./recording/recording-question").then((file) => file.RecordingQuestion),
);
export const PASSWORD_GATE = new Chunk(() =>
  import("./password-gate").then((file) => file.PasswordGate),
);

/** What a lobby may need at any time: it says what is wrong. */
const OF_A_LOBBY = [TOAST_REGION];
/** After the lobby is shown. */
const FETCHED_AFTER_LOBBY_MS = 1_000;

/** Loads what a lobby may need, once it is there. */
export function useFetchedLobbyChunks(): void {
  useEffect(() => fetchWhenIdle(OF_A_LOBBY, FETCHED_AFTER_LOBBY_MS), []);
}

/** After the entry, when the first pictures are there. */
const FETCHED_AFTER_MS = 3_000;

/** Loads what a call may need, once its person is in. */
export function useFetchedCallChunks(isIn: boolean): void {
  useEffect(() => (isIn ? fetchWhenIdle(OF_A_CALL, FETCHED_AFTER_MS) : undefined), [isIn]);
}
