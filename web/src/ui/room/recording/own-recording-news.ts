import type { RecorderState } from "../../../call/recording/recorder";

type Told = Pick<RecorderState, "end" | "isSilent">;

/** What is to be told about one's own recording: it has ended by itself, or has no sound. */
export function ownRecordingNews(before: Told, now: Told): "full" | "broken" | "silent" | null {
  if (now.end !== before.end) {
    if (now.end === "full") return "full";
    return now.end === "failed" ? "broken" : null;
  }
  return now.isSilent && !before.isSilent ? "silent" : null;
}
