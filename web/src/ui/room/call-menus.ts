/** The menus of the lobby and the call, which come with what lies over a page. */
export { CameraMenu, MicrophoneMenu } from "./device-menus";
export { GesturesPopover } from "./gestures/gestures-popover";
export { MoreMenu } from "./more-menu";
export { ScreenMenu } from "./screen-menu";
export { ViewMenu } from "./view-menu";
