import { useCallback, useEffect, useState } from "react";
import { withBasePath } from "../../base-path";
import { formatDuration } from "../../clock";
import { Problem } from "../../problem";
import type { RecordingEntry, RecordingFileEntry } from "../../wire.gen";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { Isolated } from "../kit/isolated";
import { ProblemNotice, Spinner } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import { sizeWords } from "../kit/size-words";
import { Rich, useShownTexts, useTexts, useTimes } from "../kit/texts";

/** While one is being made, the list is asked for again. */
const AGAIN_MS = 5_000;

/** What the server has recorded of a room's calls: to be saved, or deleted. */
export function RoomRecordings({ room }: { room: string }) {
  const t = useTexts();
  const { api } = useServices();
  const [recordings, setRecordings] = useState<readonly RecordingEntry[] | null>(null);
  const [hasMore, setMore] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = useCallback(
    async (before?: string) => {
      try {
        const page = await api.recordings(room, before);
        setRecordings((known) =>
          before === undefined ? page.recordings : [...(known ?? []), ...page.recordings],
        );
        setMore(page.more);
      } catch (error) {
        setProblem(Problem.of(error));
      }
    },
    [api, room],
  );
  useEffect(() => void load(), [load]);
  const isUnderWay = recordings?.some(({ state }) => !["ready", "failed"].includes(state)) === true;
  useEffect(() => {
    const timer = isUnderWay ? setInterval(() => void load(), AGAIN_MS) : undefined;
    return () => clearInterval(timer);
  }, [isUnderWay, load]);
  if (problem) return <ProblemNotice problem={problem} />;
  if (!recordings) return <Spinner label={t("app.loadingList")} />;
  if (recordings.length === 0) return <p className="soft">{t("recordings.none")}</p>;
  const oldest = recordings.at(-1);
  return (
    <div className="stack">
      <ul className="table-list" aria-label={t("recordings.title")}>
        {recordings.map((recording) => (
          <Recorded key={recording.recording} recording={recording} onChange={() => void load()} />
        ))}
      </ul>
      {hasMore && oldest && (
        <Action look="quiet" className="compact" onPress={() => void load(oldest.started_at)}>
          {t("app.showMore")}
        </Action>
      )}
    </div>
  );
}

function Recorded({ recording, onChange }: { recording: RecordingEntry; onChange(): void }) {
  const t = useTexts();
  const times = useTimes();
  const { state, seconds, progress, username, displayName, started_at, files } = recording;
  const [mixed, ...rest] = [...files].sort(
    (one, other) => Number(isMixed(other)) - Number(isMixed(one)),
  );
  return (
    <li>
      <div className="grow stack">
        <div>
          <strong>{times.moment(started_at)}</strong>
          <div className="row soft small">
            {seconds !== null && <span className="numbers">{formatDuration(seconds * 1000)}</span>}
            <span>
              <Rich
                text="recordings.by"
                name={<PersonName username={username} {...(displayName && { displayName })} />}
              />
            </span>
          </div>
        </div>
        {state !== "ready" && (
          <p className="soft small">
            {state === "finishing" && progress !== null
              ? t("recordings.finishingPercent", { percent: Math.floor(progress * 100) })
              : t(`recordings.${state}`)}
          </p>
        )}
        {mixed && <FileLink recording={recording.recording} file={mixed} />}
        {rest.length > 0 && (
          <details>
            <summary className="small">{t("recordings.parts", { count: rest.length })}</summary>
            <ul className="table-list">
              {rest.map((file) => (
                <li key={file.name}>
                  <FileLink recording={recording.recording} file={file} />
                </li>
              ))}
            </ul>
          </details>
        )}
        {recording.ended_at !== null && (
          <Deletion recording={recording.recording} onChange={onChange} />
        )}
      </div>
    </li>
  );
}

function isMixed({ kind }: RecordingFileEntry): boolean {
  return kind === "mixed";
}

/** The browser itself saves the file, however large it is: the cookie says who asks. */
function FileLink({ recording, file }: { recording: string; file: RecordingFileEntry }) {
  const t = useTexts();
  const { locale } = useShownTexts();
  const query = new URLSearchParams({ recording, file: file.name });
  return (
    <span className="row">
      <a
        className="button secondary compact"
        href={withBasePath(`/recording/file?${query}`)}
        download
      >
        {t("recordings.save")}
      </a>
      <span className="small">{t(`recordings.${file.kind}`)}</span>
      {file.person !== null && (
        <span className="small">
          <Isolated>{file.person}</Isolated>
        </span>
      )}
      <span className="small soft numbers">{sizeWords(file.size, locale)}</span>
    </span>
  );
}

function Deletion({ recording, onChange }: { recording: string; onChange(): void }) {
  const t = useTexts();
  const { api } = useServices();
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const remove = async () => {
    try {
      await api.removeRecording(recording);
      onChange();
    } catch (error) {
      setProblem(Problem.of(error));
    }
  };
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <span className="row">
        <Action
          look={isAsking ? "danger" : "quiet"}
          className="compact"
          onPress={() => (isAsking ? void remove() : setAsking(true))}
          onBlur={() => setAsking(false)}
        >
          {t(isAsking ? "recordings.deleteForGood" : "recordings.delete")}
        </Action>
      </span>
    </>
  );
}
