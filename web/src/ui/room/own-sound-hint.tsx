import type { Call } from "../../call/call";
import { useStore } from "../app/services";
import { Action } from "../kit/button";
import { Notice } from "../kit/notice";
import { rememberChoice } from "./device-choice";
import { useCallTexts } from "./texts";

/** Says that the person is not heard, though they speak or believe to be heard. */
export function OwnSoundHint({ call }: { call: Call }) {
  const t = useCallTexts();
  const isMuted = useStore(call.mutedSpeech.isHinted);
  const isSilent = useStore(call.voice.isSilent);
  const unmute = () => {
    rememberChoice("microphone", true);
    call.mutedSpeech.dismiss();
    void call.media.setMicrophone(true);
  };
  return (
    <>
      {isSilent && (
        <div className="call-silent">
          <Notice tone="warning">{t("call.device.nothingHeard")}</Notice>
        </div>
      )}
      <div className="call-hint-place" role="status">
        {isMuted && (
          <div className="call-hint">
            <span>{t("call.talk.muted")}</span>
            <Action className="compact" onPress={unmute}>
              {t("call.device.turnOnMicrophone")}
            </Action>
          </div>
        )}
      </div>
    </>
  );
}
