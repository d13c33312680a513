import { useEffect, useRef } from "react";
import type { Call } from "../../../call/call";
import type { Participant } from "../../../call/topology";
import { useStore } from "../../app/services";
import { RecordIcon } from "../../kit/icons";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";
import { ownRecordingNews } from "./own-recording-news";
import { recordersIn, recordingNews, recordingStarter } from "./recorder-names";

/**
 * Says on the bar that the call is recorded and by whom, and announces who begins and ends. Of one's own recording it
 * tells what nobody asked for, which the panel says as well, where it is open.
 */
export function RecordingMark({ call }: { call: Call }) {
  const t = useCallTexts();
  const participants = useStore(call.participants);
  const isRecording = useStore(call.isRecording);
  const recorder = useStore(call.recorder);
  const known = useRef<readonly Participant[]>([]);
  useEffect(() => {
    const { began, met, ended } = recordingNews(known.current, participants);
    known.current = participants;
    if (began) toast(t("call.recording.began", { names: began }));
    if (met) toast(t("call.recording.by", { names: met }));
    if (ended) toast(t("call.recording.ended", { names: ended }));
  }, [participants, t]);
  useEffect(() => {
    if (!recorder) return;
    let before = recorder.state.get();
    return recorder.state.subscribe(() => {
      const now = recorder.state.get();
      const news = ownRecordingNews(before, now);
      before = now;
      if (news) toast(t(`call.recording.${news}`));
    });
  }, [recorder, t]);
  useEffect(() => {
    const { current } = call.serverRecordings;
    let before = current.get()?.recordingID ?? null;
    return current.subscribe(() => {
      const now = current.get();
      const isAnother = (now?.recordingID ?? null) !== before;
      before = now?.recordingID ?? null;
      if (isAnother && now) toast(t("call.recording.serverBegan", { name: recordingStarter(now) }));
      else if (isAnother) toast(t("call.recording.serverEnded"));
    });
  }, [call, t]);
  const byServer = useStore(call.serverRecordings.current);
  const names = recordersIn(participants);
  if (!names && !isRecording && !byServer) return null;
  const sentences = [
    byServer && t("call.recording.serverBy", { name: recordingStarter(byServer) }),
    byServer && !byServer.consented && t("call.recording.unrecorded"),
    isRecording && t("call.recording.bySelf"),
    names && t("call.recording.by", { names }),
  ]
    .filter(Boolean)
    .join(" ");
  return (
    <span className="badge recording" role="img" aria-label={sentences} title={sentences}>
      <RecordIcon size={14} />
      <span className="wide-only">{t("call.recording.mark")}</span>
    </span>
  );
}
