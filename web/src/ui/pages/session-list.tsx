import { useCallback, useEffect, useState } from "react";
import { Problem } from "../../problem";
import type { SessionEntry } from "../../wire.gen";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { useTask } from "../kit/form";
import { ProblemNotice, Spinner } from "../kit/notice";
import { useTexts, useTimes } from "../kit/texts";

/** Lists the login sessions, with a button to end each. */
export function SessionList() {
  const t = useTexts();
  const times = useTimes();
  const { api } = useServices();
  const [sessions, setSessions] = useState<readonly SessionEntry[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const task = useTask();
  const load = useCallback(
    () => api.sessions().then(setSessions, (error) => setProblem(Problem.of(error))),
    [api],
  );
  useEffect(() => void load(), [load]);
  const end = (work: () => Promise<void>) => task.run(() => work().finally(load));
  const others = sessions?.filter((session) => !session.current) ?? [];
  return (
    <section className="stack" aria-labelledby="sessions">
      <h2 id="sessions" className="section-title">
        {t("sessions.title")}
      </h2>
      {!sessions && !problem && <Spinner label={t("app.loadingList")} />}
      <ul className="table-list" aria-label={t("sessions.list")}>
        {sessions?.map((session) => (
          <li key={session.session_id}>
            <span className="grow attendee">
              <span>{session.device}</span>
              <span className="soft small">
                {session.current
                  ? t("sessions.current")
                  : t("sessions.lastUsed", { moment: times.momentWithin(session.last_used_at) })}
              </span>
            </span>
            {!session.current && (
              <Action
                className="compact"
                aria-label={t("sessions.endOf", { device: session.device })}
                isDisabled={task.pending}
                onPress={() => end(() => api.endSession(session.session_id))}
              >
                {t("sessions.end")}
              </Action>
            )}
          </li>
        ))}
      </ul>
      <ProblemNotice problem={problem ?? task.problem} />
      {others.length > 1 && (
        <div>
          <Action isPending={task.pending} onPress={() => end(() => api.endOtherSessions())}>
            {t("sessions.endOthers")}
          </Action>
        </div>
      )}
    </section>
  );
}
