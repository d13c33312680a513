import { useState } from "react";
import type { ServerRecordings } from "../../../call/server-recordings";
import { Problem } from "../../../problem";
import type { Rejected } from "../../../wire.gen";
import { useStore } from "../../app/services";
import { Action } from "../../kit/button";
import { Notice, ProblemNotice } from "../../kit/notice";
import { useTimes } from "../../kit/texts";
import { useCallTexts } from "../texts";

const CONFLICT = 409;

/** Starts and ends the recording that the server makes. */
export function ServerRecordingControl({ recordings }: { recordings: ServerRecordings }) {
  const t = useCallTexts();
  const times = useTimes();
  const current = useStore(recordings.current);
  const [isPending, setPending] = useState(false);
  const [hasEnded, setEnded] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const act = async (deed: () => Promise<Rejected | null>) => {
    setPending(true);
    const refused = await deed();
    setProblem(refused === null ? null : new Problem(CONFLICT, refused.code, refused.message));
    setEnded(refused === null && current !== null);
    setPending(false);
  };
  return (
    <section className="stack" aria-label={t("call.record.server")}>
      <h3>{t("call.record.server")}</h3>
      <p className="soft small">{t("call.record.serverHint")}</p>
      {current && <p>{t("call.record.serverRunning", { time: times.time(current.since) })}</p>}
      {hasEnded && !current && <Notice tone="success">{t("call.record.serverDone")}</Notice>}
      {problem && <ProblemNotice problem={problem} />}
      {current ? (
        <Action
          look="danger"
          isPending={isPending}
          onPress={() => void act(() => recordings.stop())}
        >
          {t("call.record.serverStop")}
        </Action>
      ) : (
        <Action
          look="primary"
          isPending={isPending}
          onPress={() => void act(() => recordings.start())}
        >
          {t("call.record.serverStart")}
        </Action>
      )}
    </section>
  );
}
