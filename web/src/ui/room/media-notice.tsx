import type { DeviceView, MediaProblem } from "../../call/media";
import { Notice } from "../notice";

type Devices = { microphone: DeviceView; camera: DeviceView };

const REASONS: Record<MediaProblem, (what: string) => string> = {
  denied: (what) =>
    `The browser does not let Parlour use your ${what}. Allow it in the address bar.`,
  missing: (what) => `No ${what} was found.`,
  busy: (what) => `Your ${what} is in use by another program.`,
  insecure: (what) => `Browsers give the ${what} to pages on https only.`,
  failed: (what) => `Your ${what} could not be started.`,
};

/** One sentence for both devices where both fail for the same reason. */
export function mediaSentences({ microphone, camera }: Devices): string[] {
  const { problem } = microphone;
  if (problem && problem === camera.problem) {
    return [REASONS[problem]("camera or microphone")];
  }
  return [
    ...(problem ? [REASONS[problem]("microphone")] : []),
    ...(camera.problem ? [REASONS[camera.problem]("camera")] : []),
  ];
}

export function MediaNotice(devices: Devices) {
  const sentences = mediaSentences(devices);
  if (sentences.length === 0) return null;
  return (
    <Notice tone="warning">
      {`${sentences.join(" ")} You can still enter, see and hear the others.`}
    </Notice>
  );
}
