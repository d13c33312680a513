/** The dialogs of the call. */
export { AttendanceDialog } from "./attendance-dialog";
export { BackgroundDialog } from "./effects/background-choice";
export { InviteDialog } from "./invite-dialog";
export { ShortcutSheet } from "./keys/shortcut-sheet";
export { SettingsDialog } from "./settings-dialog";
