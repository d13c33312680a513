import { useCallback, useEffect, useState } from "react";
import { Problem } from "../../problem";
import type { Attendance } from "../../wire.gen";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { Isolated } from "../kit/isolated";
import { Modal } from "../kit/modal";
import { ProblemNotice, Spinner } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import { useTimes } from "../kit/texts";
import { useCallTexts } from "./texts";

interface AttendanceDialogProps {
  room: string;
  onClose(): void;
}

export function AttendanceDialog({ room, onClose }: AttendanceDialogProps) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.bar.attendance")} isOpen onClose={onClose}>
      <AttendanceList room={room} />
    </Modal>
  );
}

function AttendanceList({ room }: { room: string }) {
  const t = useCallTexts();
  const times = useTimes();
  const { api } = useServices();
  const [entries, setEntries] = useState<readonly Attendance[] | null>(null);
  const [next, setNext] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = useCallback(
    async (after?: number) => {
      try {
        const page = await api.attendance(room, after);
        setEntries((before) => [
          ...(after === undefined ? [] : (before ?? [])),
          ...page.attendance,
        ]);
        setNext(page.next ?? null);
      } catch (error) {
        setProblem(Problem.of(error));
      }
    },
    [api, room],
  );
  useEffect(() => void load(), [load]);
  if (problem) return <ProblemNotice problem={problem} />;
  if (!entries) return <Spinner label={t("app.loadingList")} />;
  if (entries.length === 0) return <p className="soft">{t("call.attendance.empty")}</p>;
  return (
    <>
      <ul className="table-list" aria-label={t("call.bar.attendance")}>
        {entries.map((entry) => (
          <li key={`${entry.email} ${entry.joined_at}`}>
            <span className="grow attendee">
              <PersonName {...entry} />
              <span className="soft small">
                <Isolated>{entry.email}</Isolated>
              </span>
            </span>
            <span className="small numbers">
              {entry.left_at
                ? t("call.attendance.stay", {
                    from: times.moment(entry.joined_at),
                    until: times.time(entry.left_at),
                  })
                : t("call.attendance.stillHere", { from: times.moment(entry.joined_at) })}
            </span>
          </li>
        ))}
      </ul>
      {next !== null && (
        <Action look="quiet" className="compact" onPress={() => void load(next)}>
          {t("app.showMore")}
        </Action>
      )}
    </>
  );
}
