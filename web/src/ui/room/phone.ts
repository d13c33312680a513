import { useEffect } from "react";
import type { Call } from "../../call/call";
import { CallMediaSession } from "../../call/media-session";
import { keepAwake } from "../../call/wake-lock";

/** What a phone needs in a call: a screen that stays on, and the call in the system's controls. */
export function usePhone(call: Call, title: string): void {
  useEffect(() => keepAwake(), []);
  useEffect(() => {
    const { media } = call;
    const session = new CallMediaSession(
      {
        toggleMicrophone: () => void media.setMicrophone(!media.view.get().microphone.on),
        toggleCamera: () => void media.setCamera(!media.view.get().camera.on),
        hangUp: () => call.leave(),
      },
      title,
    );
    const show = () => {
      const { microphone, camera } = media.view.get();
      session.show({ microphone: microphone.on, camera: camera.on });
    };
    show();
    const unsubscribe = media.view.subscribe(show);
    return () => {
      unsubscribe();
      session.close();
    };
  }, [call, title]);
}
