import { KeptSwitch } from "../app/kept-switch";

/** What of a call is announced to screen readers, and as captions; each can be silenced in the settings. */
export const ANNOUNCED = {
  arrivals: new KeptSwitch("parlour.announce.arrivals", true),
  messages: new KeptSwitch("parlour.announce.messages", true),
  gestures: new KeptSwitch("parlour.announce.gestures", true),
  connections: new KeptSwitch("parlour.announce.connections", true),
} as const;

/** Whether announcements are written over the call too. */
export const captions = new KeptSwitch("parlour.announce.captions", false);
