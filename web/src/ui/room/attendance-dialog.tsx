import { useCallback, useEffect, useState } from "react";
import { formatMoment, formatTime } from "../../clock";
import { Problem } from "../../problem";
import type { Attendance } from "../../wire.gen";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { Isolated } from "../kit/isolated";
import { Modal } from "../kit/modal";
import { ProblemNotice, Spinner } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import type { RoomFacts } from "./admission";

interface AttendanceDialogProps {
  room: RoomFacts;
  isOpen: boolean;
  onClose(): void;
}

export function AttendanceDialog({ room, isOpen, onClose }: AttendanceDialogProps) {
  return (
    <Modal title="Attendance" isOpen={isOpen} onClose={onClose}>
      <AttendanceList room={room.name} />
    </Modal>
  );
}

function AttendanceList({ room }: { room: string }) {
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
  if (!entries) return <Spinner label="Loading…" />;
  if (entries.length === 0) return <p className="soft">Nobody has attended yet.</p>;
  return (
    <>
      <ul className="table-list" aria-label="Attendance">
        {entries.map((entry) => (
          <li key={`${entry.email} ${entry.joined_at}`}>
            <span className="grow attendee">
              <PersonName {...entry} />
              <span className="soft small">
                <Isolated>{entry.email}</Isolated>
              </span>
            </span>
            <span className="small numbers">
              {`${formatMoment(entry.joined_at)} – ${entry.left_at ? formatTime(entry.left_at) : "still here"}`}
            </span>
          </li>
        ))}
      </ul>
      {next !== null && (
        <Action look="quiet" className="compact" onPress={() => void load(next)}>
          Show more
        </Action>
      )}
    </>
  );
}
