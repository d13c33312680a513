import { useEffect, useRef, useState } from "react";
import type {
  DeviceKind,
  DeviceNews,
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

const REASONS: Record<MediaProblem, (device: string) => string> = {
  denied: (device) => `The browser doesn’t let Parlour use ${device}. Allow it in the address bar.`,
  missing: (device) => `No ${device.replace(/^your /, "")} was found.`,
  busy: (device) => `${capitalized(device)} is in use by another program.`,
  insecure: (device) => `Browsers only let pages use ${device} over HTTPS.`,
  unsupported: (device) => `This browser doesn’t let pages use ${device}.`,
  silent: (device) =>
    `${capitalized(device)} is muted by your system, by another program or by a switch on it.`,
  failed: (device) => `${capitalized(device)} couldn’t be started.`,
};
const SCREEN_REASONS: Record<ScreenProblem, string> = {
  denied:
    "Your system doesn’t let the browser record the screen. Allow it in the system’s privacy settings.",
  failed: "Your screen couldn’t be shared.",
};

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Says why a device gives no media; null where it works. */
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

/** Says why devices fail, in one sentence where both fail for the same reason, and what happens by itself. */
export function mediaSentences({ microphone, camera }: Devices): string[] {
  const outlooks = [outlook(microphone), outlook(camera)];
  const { problem } = microphone;
  const same = problem === camera.problem && !microphone.problemWith && !camera.problemWith;
  const reasons =
    problem && same
      ? [REASONS[problem]("your camera or microphone")]
      : [deviceSentence("microphone", microphone), deviceSentence("camera", camera)];
  return [...reasons, ...new Set(outlooks)].filter((sentence) => sentence !== null);
}

function outlook({ problem, problemWith, isRetried }: DeviceView): string | null {
  if (problem === "missing" && !problemWith) return "As soon as you plug one in, it’s used.";
  return isRetried ? "Parlour keeps trying." : null;
}

/** The notice in the lobby. */
export function MediaNotice(devices: Devices) {
  useNews("microphone", devices.microphone);
  useNews("camera", devices.camera);
  const sentences = mediaSentences(devices);
  if (sentences.length === 0) return null;
  return (
    <Notice tone="warning">
      {`${sentences.join(" ")} You can still enter, see and hear the others.`}
    </Notice>
  );
}

/** The notice in a call. It stays until it is dismissed; another failure shows it again. */
export function CallMediaNotice({ media }: { media: LocalMedia }) {
  const view = useStore(media.view);
  const [putAway, setPutAway] = useState("");
  useNews("microphone", view.microphone);
  useNews("camera", view.camera);
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

/** Announces what happens by itself from now on, since the others then see or hear something else. */
function useNews(kind: DeviceKind, { news }: DeviceView): void {
  const known = useRef(news);
  useEffect(() => {
    if (news && news !== known.current) toast(newsSentence(kind, news));
    known.current = news;
  }, [kind, news]);
}

export function newsSentence(kind: DeviceKind, { kind: what, name, former }: DeviceNews): string {
  switch (what) {
    case "replaced":
      return former
        ? `“${former}” was disconnected. Now using “${name}”.`
        : `Now using the ${kind} “${name}”.`;
    case "returned":
      return `“${name}” is back and in use again.`;
    case "default-moved":
      return `Your system’s default has changed. Now using “${name}”.`;
    case "recovered":
      return `Your ${kind} works now.`;
  }
}
