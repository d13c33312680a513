import { useEffect, useState } from "react";
import type {
  DeviceKind,
  DeviceView,
  LocalMedia,
  MediaProblem,
  MediaView,
  ScreenProblem,
} from "../../call/media";
import { useStore } from "../app/services";
import { CloseAction } from "../kit/button";
import { Notice } from "../kit/notice";
import { toast } from "../kit/toast";

type Devices = Pick<MediaView, "microphone" | "camera">;

const REASONS: Record<MediaProblem, (what: string) => string> = {
  denied: (what) => `The browser doesn’t let Parlour use ${what}. Allow it in the address bar.`,
  missing: (what) => `No ${what.replace(/^your /, "")} was found.`,
  busy: (what) => `${capitalized(what)} is in use by another program.`,
  insecure: (what) => `Browsers only let pages use ${what} over HTTPS.`,
  unsupported: (what) => `This browser doesn’t let pages use ${what}.`,
  silent: (what) => `${capitalized(what)} is muted by your system or by a switch on it.`,
  failed: (what) => `${capitalized(what)} couldn’t be started.`,
};
const SCREEN_REASONS: Record<ScreenProblem, string> = {
  denied:
    "Your system doesn’t let the browser record the screen. Allow it in the system’s privacy settings.",
  failed: "Your screen couldn’t be shared.",
};

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Why this device gives nothing; null where it works. */
export function deviceSentence(
  kind: DeviceKind,
  { problem, problemWith }: DeviceView,
): string | null {
  if (!problem) return null;
  if (problem === "missing" && problemWith) return `“${problemWith}” wasn’t found.`;
  return REASONS[problem](problemWith ? `“${problemWith}”` : `your ${kind}`);
}

export function screenSentence(problem: ScreenProblem | null): string | null {
  return problem && SCREEN_REASONS[problem];
}

/** One sentence for both devices where both fail for the same reason. */
export function mediaSentences({ microphone, camera }: Devices): string[] {
  const { problem } = microphone;
  const same = problem === camera.problem && !microphone.problemWith && !camera.problemWith;
  if (problem && same) return [REASONS[problem]("your camera or microphone")];
  return [deviceSentence("microphone", microphone), deviceSentence("camera", camera)].filter(
    (sentence) => sentence !== null,
  );
}

/** Before entering. */
export function MediaNotice(devices: Devices) {
  const sentences = mediaSentences(devices);
  if (sentences.length === 0) return null;
  return (
    <Notice tone="warning">
      {`${sentences.join(" ")} You can still enter, see and hear the others.`}
    </Notice>
  );
}

/** In a call, until it is put away or something else fails. */
export function CallMediaNotice({ media }: { media: LocalMedia }) {
  const view = useStore(media.view);
  const [putAway, setPutAway] = useState("");
  useReplacements(view);
  const text = [
    ...mediaSentences(view),
    ...missedByOthers(view),
    screenSentence(view.screenProblem) ?? "",
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
      <CloseAction label="Dismiss" onPress={() => setPutAway(text)} />
    </div>
  );
}

function missedByOthers({ microphone, camera }: Devices): string[] {
  const unheard = microphone.problem && (!microphone.on || microphone.problem === "silent");
  const unseen = camera.problem && (!camera.on || camera.problem === "silent");
  if (unheard && unseen) return ["The others can’t hear or see you."];
  if (unheard) return ["The others can’t hear you."];
  return unseen ? ["The others can’t see you."] : [];
}

/** What takes the place of a device that is gone sees or hears something else: that is told. */
function useReplacements({ microphone, camera }: Devices): void {
  useEffect(() => {
    if (microphone.replacement) toast(`Now using the microphone “${microphone.replacement}”.`);
  }, [microphone.replacement]);
  useEffect(() => {
    if (camera.replacement) toast(`Now using the camera “${camera.replacement}”.`);
  }, [camera.replacement]);
}
