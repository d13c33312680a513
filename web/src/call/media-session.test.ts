import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CallMediaSession } from "./media-session";

beforeEach(() => void vi.stubGlobal("MediaMetadata", class {}));
afterEach(() => void vi.unstubAllGlobals());

function newSubject(...unknown: string[]) {
  const handlers = new Map<string, () => void>();
  const session = {
    metadata: null,
    playbackState: "none" as MediaSessionPlaybackState,
    setMicrophoneActive: vi.fn(),
    setCameraActive: vi.fn(),
    setActionHandler: (action: string, handler: (() => void) | null) => {
      if (unknown.includes(action)) throw new TypeError(action);
      if (handler) handlers.set(action, handler);
      else handlers.delete(action);
    },
  };
  const controls = { toggleMicrophone: vi.fn(), toggleCamera: vi.fn(), hangUp: vi.fn() };
  const shown = new CallMediaSession(controls, "Garden", session as unknown as MediaSession);
  return { session, handlers, controls, shown };
}

it("has the call's controls until it ends", () => {
  const { session, handlers, controls, shown } = newSubject();
  handlers.get("togglemicrophone")?.();
  handlers.get("hangup")?.();
  expect(controls.toggleMicrophone).toHaveBeenCalledOnce();
  expect(controls.hangUp).toHaveBeenCalledOnce();
  shown.show({ microphone: true, camera: false });
  expect(session.setMicrophoneActive).toHaveBeenLastCalledWith(true);
  expect(session.setCameraActive).toHaveBeenLastCalledWith(false);
  shown.close();
  expect(handlers.size).toBe(0);
  expect(session.playbackState).toBe("none");
});

it("goes without the controls that a browser does not know", () => {
  const { handlers } = newSubject("togglecamera");
  expect([...handlers.keys()]).toEqual(["togglemicrophone", "hangup"]);
});

it("is nothing where the browser has none", () => {
  const controls = { toggleMicrophone: vi.fn(), toggleCamera: vi.fn(), hangUp: vi.fn() };
  const shown = new CallMediaSession(controls, "Garden", null);
  shown.show({ microphone: true, camera: true });
  shown.close();
});
