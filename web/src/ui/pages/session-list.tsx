import { useCallback, useEffect, useState } from "react";
import { formatMoment } from "../../clock";
import { Problem } from "../../problem";
import type { SessionEntry } from "../../wire.gen";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { useTask } from "../kit/form";
import { ProblemNotice, Spinner } from "../kit/notice";

/** Lists the login sessions, with a button to end each. */
export function SessionList() {
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
        Where you are logged in
      </h2>
      {!sessions && !problem && <Spinner label="Loading…" />}
      <ul className="table-list" aria-label="Sessions">
        {sessions?.map((session) => (
          <li key={session.session_id}>
            <span className="grow attendee">
              <span>{session.device}</span>
              <span className="soft small">
                {session.current ? "This browser" : `Last used ${used(session)}`}
              </span>
            </span>
            {!session.current && (
              <Action
                className="compact"
                aria-label={`End the session of ${session.device}`}
                isDisabled={task.pending}
                onPress={() => end(() => api.endSession(session.session_id))}
              >
                End
              </Action>
            )}
          </li>
        ))}
      </ul>
      <ProblemNotice problem={problem ?? task.problem} />
      {others.length > 1 && (
        <div>
          <Action isPending={task.pending} onPress={() => end(() => api.endOtherSessions())}>
            Log out everywhere else
          </Action>
        </div>
      )}
    </section>
  );
}

function used(session: SessionEntry): string {
  const moment = formatMoment(session.last_used_at);
  return /^(Today|Yesterday)/.test(moment) ? moment.toLowerCase() : moment;
}
