import { type BrowserKind, browserKind } from "../../call/browser-kind";
import type { MediaProblem, MediaView } from "../../call/media";
import { type TranslateCall, useCallTexts } from "./texts";

type Devices = Pick<MediaView, "microphone" | "camera">;

/** Says what a person can do about devices that fail, in the words of their browser. */
export function DeviceHelp(devices: Devices) {
  const t = useCallTexts();
  const ways = helpSentences(
    t,
    devices,
    browserKind(navigator.userAgent, navigator.maxTouchPoints),
  );
  if (ways.length === 0) return null;
  return (
    <details className="device-help">
      <summary>{t("call.help.title")}</summary>
      {ways.map((way) => (
        <p key={way}>{way}</p>
      ))}
    </details>
  );
}

/** One sentence for each kind of problem, in the order of the devices. */
export function helpSentences(
  t: TranslateCall,
  { microphone, camera }: Devices,
  browser: BrowserKind,
): string[] {
  const problems = new Set([microphone.problem, camera.problem]);
  return [...problems].map((problem) => help(t, problem, browser)).filter((way) => way !== null);
}

function help(t: TranslateCall, problem: MediaProblem | null, browser: BrowserKind): string | null {
  switch (problem) {
    case "denied":
      return t("call.help.denied", { browser });
    case "busy":
    case "failed":
      return t("call.help.busy");
    case "missing":
    case "silent":
      return t("call.help.missing");
    default:
      return null;
  }
}
