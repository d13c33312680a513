import { bestEffort } from "./best-effort";

export interface SessionControls {
  toggleMicrophone(): void;
  toggleCamera(): void;
  hangUp(): void;
}

type Session = Pick<MediaSession, "setActionHandler" | "metadata" | "playbackState"> &
  Partial<Pick<MediaSession, "setMicrophoneActive" | "setCameraActive">>;

/** `togglemicrophone`, `togglecamera` and `hangup` are newer than TypeScript's description of the DOM. */
type Action = Parameters<MediaSession["setActionHandler"]>[0];

/**
 * Shows the call where the system shows what plays (the lock screen, headsets, picture-in-picture), with its controls.
 * A phone lets a page in the background sound on that plays so. What a browser does not know it goes without.
 */
export class CallMediaSession {
  readonly #actions: readonly (readonly [string, () => void])[];

  constructor(
    controls: SessionControls,
    title: string,
    private readonly session: Session | null = globalThis.navigator?.mediaSession ?? null,
  ) {
    this.#actions = [
      ["togglemicrophone", () => controls.toggleMicrophone()],
      ["togglecamera", () => controls.toggleCamera()],
      ["hangup", () => controls.hangUp()],
    ];
    for (const [action, handler] of this.#actions) this.#handle(action, handler);
    bestEffort("the call in the system's controls", () => {
      if (!session) return;
      session.metadata = new MediaMetadata({ title });
      session.playbackState = "playing";
    });
  }

  show({ microphone, camera }: { microphone: boolean; camera: boolean }): void {
    bestEffort("devices in the system's controls", () => {
      void this.session?.setMicrophoneActive?.(microphone);
      void this.session?.setCameraActive?.(camera);
    });
  }

  close(): void {
    for (const [action] of this.#actions) this.#handle(action, null);
    if (!this.session) return;
    this.session.metadata = null;
    this.session.playbackState = "none";
  }

  #handle(action: string, handler: (() => void) | null): void {
    bestEffort(action, () => this.session?.setActionHandler(action as Action, handler));
  }
}
