import { useEffect, useRef, useState } from "react";
import type {
  DeviceKind,
  DeviceNews,
  DeviceView,
  LocalMedia,
  MediaView,
  ScreenProblem,
} from "../../call/media";
import { useStore } from "../app/services";
import { CloseAction } from "../kit/button";
import { Notice } from "../kit/notice";
import { toast } from "../kit/toast";
import { effectSentences } from "./effects/effect-words";
import { type TranslateCall, useCallTexts } from "./texts";

type Devices = Pick<MediaView, "microphone" | "camera">;

/** Says why a device gives no media; null where it works. */
export function deviceSentence(
  t: TranslateCall,
  kind: DeviceKind,
  { problem, problemWith }: DeviceView,
): string | null {
  if (!problem) return null;
  const device = problemWith ? "other" : kind;
  return t(`call.device.${problem}`, { device, name: problemWith ?? "" });
}

export function screenSentence(t: TranslateCall, problem: ScreenProblem | null): string | null {
  return problem && t(`call.screen.${problem}`);
}

/** Says why devices fail, in one sentence where both fail for the same reason, and what happens by itself. */
export function mediaSentences(t: TranslateCall, { microphone, camera }: Devices): string[] {
  const outlooks = [outlook(t, microphone), outlook(t, camera)];
  const { problem } = microphone;
  const same = problem === camera.problem && !microphone.problemWith && !camera.problemWith;
  const reasons =
    problem && same
      ? [t(`call.device.${problem}`, { device: "both", name: "" })]
      : [deviceSentence(t, "microphone", microphone), deviceSentence(t, "camera", camera)];
  return [...reasons, ...new Set(outlooks)].filter((sentence) => sentence !== null);
}

function outlook(t: TranslateCall, { problem, problemWith, isRetried }: DeviceView): string | null {
  if (problem === "missing" && !problemWith) return t("call.device.plugIn");
  return isRetried ? t("call.device.retried") : null;
}

/** The notice in the lobby. */
export function MediaNotice(devices: Devices) {
  useNews("microphone", devices.microphone);
  useNews("camera", devices.camera);
  const t = useCallTexts();
  const sentences = mediaSentences(t, devices);
  if (sentences.length === 0) return null;
  return (
    <Notice tone="warning">{t("call.device.stillEnter", { problems: sentences.join(" ") })}</Notice>
  );
}

/** Says in the lobby which effects were given up. */
export function EffectNotice(effects: Pick<MediaView, "background" | "noise">) {
  const sentences = effectSentences(useCallTexts(), effects);
  return sentences.length > 0 && <Notice tone="warning">{sentences.join(" ")}</Notice>;
}

/** The notice in a call. It stays until it is dismissed; another failure shows it again. */
export function CallMediaNotice({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const view = useStore(media.view);
  const [putAway, setPutAway] = useState("");
  useNews("microphone", view.microphone);
  useNews("camera", view.camera);
  useHoldNews(view.onHold);
  const devices = view.onHold
    ? [t("call.device.onHold")]
    : [...mediaSentences(t, view), ...missedByOthers(t, view)];
  const text = [
    ...devices,
    screenSentence(t, view.screenProblem) ?? "",
    ...effectSentences(t, view),
  ]
    .join(" ")
    .trim();
  useEffect(() => {
    if (!text) setPutAway("");
    else if (document.fullscreenElement) toast(text); // which hides the notice
  }, [text]);
  if (!text || text === putAway) return null;
  return (
    <div className="call-notice">
      <Notice tone="warning">{text}</Notice>
      <CloseAction label={t("app.dismiss")} onPress={() => setPutAway(text)} />
    </div>
  );
}

function missedByOthers(t: TranslateCall, { microphone, camera }: Devices): string[] {
  const unheard = microphone.problem && (!microphone.on || microphone.problem === "silent");
  const unseen = camera.problem && (!camera.on || camera.problem === "silent");
  if (unheard && unseen) return [t("call.device.unheardUnseen")];
  if (unheard) return [t("call.device.unheard")];
  return unseen ? [t("call.device.unseen")] : [];
}

/** Says that the others hear this person again. */
function useHoldNews(onHold: boolean): void {
  const t = useCallTexts();
  const was = useRef(onHold);
  useEffect(() => {
    if (was.current && !onHold) toast(t("call.device.holdOver"));
    was.current = onHold;
  }, [onHold, t]);
}

/** Announces what happens by itself from now on, since the others then see or hear something else. */
function useNews(kind: DeviceKind, { news }: DeviceView): void {
  const t = useCallTexts();
  const known = useRef(news);
  useEffect(() => {
    if (news && news !== known.current) toast(newsSentence(t, kind, news));
    known.current = news;
  }, [kind, news, t]);
}

export function newsSentence(
  t: TranslateCall,
  kind: DeviceKind,
  { kind: what, name, former }: DeviceNews,
): string {
  switch (what) {
    case "replaced":
      if (former) return t("call.device.replaced", { former, name });
      return t(kind === "camera" ? "call.device.newCamera" : "call.device.newMicrophone", { name });
    case "returned":
      return t("call.device.returned", { name });
    case "default-moved":
      return t("call.device.defaultMoved", { name });
    case "recovered":
      return t(
        kind === "camera" ? "call.device.cameraRecovered" : "call.device.microphoneRecovered",
      );
  }
}
