import { useEffect, useId, useState } from "react";
import { browserSound } from "../../call/browser-sound";
import type { DeviceKind, LocalMedia } from "../../call/media";
import { SoundCheck } from "../../call/sound-check";
import { useStore } from "../app/services";
import { Action } from "../kit/button";
import { Modal } from "../kit/modal";
import { Notice } from "../kit/notice";
import { rememberDevice } from "./device-choice";
import { DevicePicker } from "./device-picker";
import { LevelMeter } from "./level-meter";
import { type TranslateCall, useCallTexts } from "./texts";

/** The check of sound and picture. */
export function DeviceCheckDialog({ media, onClose }: { media: LocalMedia; onClose(): void }) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.check.title")} isOpen onClose={onClose}>
      <DeviceCheck media={media} />
    </Modal>
  );
}

/** Hear the speaker, see that the microphone hears, hear oneself, and choose other devices where one does not. */
function DeviceCheck({ media }: { media: LocalMedia }) {
  const [check] = useState(() => new SoundCheck(browserSound));
  const t = useCallTexts();
  const { microphone, camera } = useStore(media.view);
  useEffect(() => () => check.stop(), [check]);
  const choose = (kind: DeviceKind) => (id: string) => {
    rememberDevice(kind, id);
    void media.choose(kind, id);
  };
  return (
    <div className="device-check">
      <SpeakerCheck media={media} check={check} />
      <section className="stack">
        <DevicePicker
          label={t("call.device.microphone")}
          choices={microphone.choices}
          chosen={microphone.deviceId}
          onChoose={choose("microphone")}
        />
        <MicrophoneCheck media={media} check={check} />
      </section>
      {camera.choices.length > 1 && (
        <DevicePicker
          label={t("call.device.camera")}
          choices={camera.choices}
          chosen={camera.deviceId}
          onChoose={choose("camera")}
        />
      )}
      <Failure check={check} />
    </div>
  );
}

function SpeakerCheck({ media, check }: { media: LocalMedia; check: SoundCheck }) {
  const t = useCallTexts();
  const { choices, deviceId } = useStore(media.speaker.view);
  const isPlaying = useStore(check.state) === "tone";
  const hintId = useId();
  const choose = (id: string) => {
    rememberDevice("speaker", id);
    media.speaker.choose(id);
  };
  return (
    <section className="stack">
      <DevicePicker
        label={t("call.device.speaker")}
        choices={choices}
        chosen={deviceId || "default"}
        onChoose={choose}
        otherwise={t("call.check.systemSpeaker")}
      />
      <Action
        aria-describedby={hintId}
        onPress={() => (isPlaying ? check.stop() : void check.playTone(deviceId))}
      >
        {t(isPlaying ? "call.check.stop" : "call.check.playTone")}
      </Action>
      <p id={hintId} className="soft small">
        {t("call.check.toneHint")}
      </p>
    </section>
  );
}

function MicrophoneCheck({ media, check }: { media: LocalMedia; check: SoundCheck }) {
  const t = useCallTexts();
  const { microphone, on } = useStore(media.outgoing);
  const state = useStore(check.state);
  const [heard, setHeard] = useState<MediaStreamTrack | null>(null);
  const isBusy = state === "recording" || state === "playing";
  if (!microphone || !on.microphone) {
    return (
      <div className="row">
        <span className="grow soft small">{t("call.check.microphoneOff")}</span>
        <Action className="compact" onPress={() => void media.setMicrophone(true)}>
          {t("call.device.turnOnMicrophone")}
        </Action>
      </div>
    );
  }
  const record = () => {
    void check.recordAndPlay(microphone, () => media.speaker.view.get().deviceId);
  };
  return (
    <>
      <LevelMeter media={media} onHeard={() => setHeard(microphone)} />
      <p className="soft small" role="status">
        {words(t, state, heard === microphone)}
      </p>
      <Action onPress={() => (isBusy ? check.stop() : record())}>
        {t(isBusy ? "call.check.stop" : "call.check.record")}
      </Action>
    </>
  );
}

function words(t: TranslateCall, state: string, isHeard: boolean): string {
  if (state === "recording") return t("call.check.recording");
  if (state === "playing") return t("call.check.playing");
  return t(isHeard ? "call.check.heard" : "call.check.speak");
}

function Failure({ check }: { check: SoundCheck }) {
  const t = useCallTexts();
  const hasFailed = useStore(check.state) === "failed";
  return hasFailed && <Notice tone="warning">{t("call.check.failed")}</Notice>;
}
