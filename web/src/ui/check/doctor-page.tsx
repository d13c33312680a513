import { useCallback, useEffect, useState } from "react";
import { Problem } from "../../problem";
import type { Diagnosis, DoctorFinding } from "../../wire.gen";
import { useServices, useTitle } from "../app/services";
import { Action, LinkAction } from "../kit/button";
import { FindingItem } from "../kit/finding";
import { ProblemNotice, Spinner } from "../kit/notice";
import { useTimes } from "../kit/texts";
import { verdictWords } from "./check-words";
import { useCheckTexts } from "./texts";

const ASKED_EVERY_MS = 1_000;
const VERDICTS = {
  ok: "fine",
  warning: "warning",
  failed: "failed",
  skipped: "skipped",
} as const satisfies Record<DoctorFinding["verdict"], string>;

/** For the administrators of the server: what `parlour doctor` finds there. */
export function DoctorPage() {
  const t = useCheckTexts();
  useTitle(t("check.doctor.title"));
  const { diagnosis, problem, start } = useDiagnosis();
  const isRunning = diagnosis?.running_since != null;
  return (
    <main className="page">
      <div className="checks">
        <div className="card-head">
          <h1>{t("check.doctor.title")}</h1>
          <p className="soft">{t("check.doctor.intro")}</p>
        </div>
        <ProblemNotice problem={problem} />
        {diagnosis && (
          <div className="row">
            <Action look="primary" isPending={isRunning} onPress={start}>
              {t(diagnosis.ended_at ? "check.again" : "check.start")}
            </Action>
            <LinkAction href="/check" look="quiet">
              {t("check.title")}
            </LinkAction>
          </div>
        )}
        {isRunning && <Spinner label={t("check.doctor.running")} />}
        {diagnosis && <Findings diagnosis={diagnosis} />}
      </div>
    </main>
  );
}

/** Asks for the findings while a run is under way. */
function useDiagnosis() {
  const { api } = useServices();
  const [diagnosis, setDiagnosis] = useState<Diagnosis | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const follow = useCallback((asked: Promise<Diagnosis>) => {
    asked.then(
      (found) => {
        setDiagnosis(found);
        setProblem(null);
      },
      (error: unknown) => setProblem(Problem.of(error)),
    );
  }, []);
  useEffect(() => follow(api.diagnosis()), [api, follow]);
  const isAwaited = diagnosis?.running_since != null;
  useEffect(() => {
    if (!isAwaited) return;
    const timer = setInterval(() => follow(api.diagnosis()), ASKED_EVERY_MS);
    return () => clearInterval(timer);
  }, [api, follow, isAwaited]);
  return { diagnosis, problem, start: () => follow(api.diagnose()) };
}

function Findings({ diagnosis }: { diagnosis: Diagnosis }) {
  const t = useCheckTexts();
  const times = useTimes();
  const { ended_at, findings } = diagnosis;
  const count = (verdict: DoctorFinding["verdict"]) =>
    findings.filter((finding) => finding.verdict === verdict).length;
  if (ended_at === null) return null;
  return (
    <>
      <div role="status">
        <p>
          {t("check.doctor.summary", { failures: count("failed"), warnings: count("warning") })}
        </p>
        <p className="soft small">{t("check.doctor.ended", { time: times.moment(ended_at) })}</p>
      </div>
      <ul className="findings" aria-label={t("check.doctor.findings")}>
        {findings.map((finding) => (
          <Entry key={`${finding.check} ${finding.says}`} finding={finding} />
        ))}
      </ul>
    </>
  );
}

/** The doctor speaks English, as it does at the command line. */
function Entry({ finding }: { finding: DoctorFinding }) {
  const t = useCheckTexts();
  const verdict = VERDICTS[finding.verdict];
  return (
    <FindingItem state={verdict} label={verdictWords(t, verdict)} title={finding.check}>
      <p lang="en" dir="ltr">
        {finding.says}
      </p>
      {finding.todo && (
        <p className="soft" lang="en" dir="ltr">
          {finding.todo}
        </p>
      )}
    </FindingItem>
  );
}
