import { useEffect, useState } from "react";
import { type BrowserKind, browserKind } from "../../call/browser-kind";
import { STEPS, type StepName, worstOf } from "../../call/check/findings";
import { Preflight, type PreflightView, type StepState } from "../../call/check/preflight";
import { roomPath } from "../app/destination";
import { useIdentity, useServerConfig, useServices, useStore, useTitle } from "../app/services";
import { Action, LinkAction } from "../kit/button";
import { copied } from "../kit/clipboard";
import { FindingItem } from "../kit/finding";
import { Isolated } from "../kit/isolated";
import { Notice } from "../kit/notice";
import { saveFile } from "../kit/save-file";
import { toast } from "../kit/toast";
import { browserProbes } from "./browser-probes";
import { checkReport, mailLink } from "./check-report";
import { figureWords, findingsOf, findingWords, stateOf, stateWords } from "./check-words";
import { useCheckTexts } from "./texts";

const TONES = { fine: "success", warning: "warning", failed: "danger" } as const;

/** Checks what calls need, says what is wrong and what to do, and makes a report of it. */
export function CheckPage() {
  const t = useCheckTexts();
  useTitle(t("check.title"));
  const preflight = usePreflight();
  const view = useStore(preflight.view);
  const browser = browserKind(navigator.userAgent, navigator.maxTouchPoints);
  const room = new URLSearchParams(location.search).get("room");
  return (
    <main className="page">
      <div className="checks">
        <div className="card-head">
          <h1>{t("check.title")}</h1>
          <p className="soft">{t("check.intro")}</p>
        </div>
        <div className="row">
          <Action
            look="primary"
            isPending={view.phase === "running"}
            onPress={() => void preflight.start()}
          >
            {t(view.phase === "done" ? "check.again" : "check.start")}
          </Action>
          {room && (
            <LinkAction href={roomPath(room)} look="quiet">
              {t("check.back")}
            </LinkAction>
          )}
          <ServerCheckLink />
        </div>
        <Progress view={view} browser={browser} />
        {view.phase !== "ready" && (
          <ol className="findings" aria-label={t("check.steps")}>
            {STEPS.map((step) => (
              <Step
                key={step}
                {...{ step, browser }}
                state={view.steps[step]}
                onAnswer={(hasHeard) => preflight.answer(hasHeard)}
              />
            ))}
          </ol>
        )}
        {view.phase === "done" && <Report view={view} browser={browser} />}
      </div>
    </main>
  );
}

function usePreflight(): Preflight {
  const services = useServices();
  const [preflight] = useState(() => new Preflight(browserProbes(services)));
  useEffect(() => () => preflight.stop(), [preflight]);
  return preflight;
}

/** For administrators, who can look at the other end too. */
function ServerCheckLink() {
  const t = useCheckTexts();
  const { api } = useServices();
  const username = useIdentity()?.username ?? null;
  const [isAllowed, setAllowed] = useState(false);
  useEffect(() => {
    if (username === null) return;
    api.administers().then(setAllowed, (error: unknown) => console.warn("Administration", error));
  }, [api, username]);
  return (
    isAllowed && (
      <LinkAction href="/doctor" look="quiet">
        {t("check.doctor.title")}
      </LinkAction>
    )
  );
}

interface ProgressProps {
  view: PreflightView;
  browser: BrowserKind;
}

/** What is under way, or how it ended. Each verdict is read aloud as it comes. */
function Progress({ view, browser }: ProgressProps) {
  const t = useCheckTexts();
  const done = STEPS.filter((step) => view.steps[step].kind === "done");
  const running = STEPS.find((step) => view.steps[step].kind === "running");
  const latest = useLatest(done);
  const state = latest && view.steps[latest];
  const said =
    latest && state?.kind === "done"
      ? [
          `${t(`check.step.${latest}`)}: ${stateWords(t, state)}.`,
          findingWords(t, state.finding, browser).says,
        ].join(" ")
      : "";
  return (
    <>
      <p className="said" role="status">
        {view.phase === "running" ? said : ""}
      </p>
      {view.phase === "running" && running && (
        <p className="soft">
          {t("check.progress", {
            number: STEPS.indexOf(running) + 1,
            count: STEPS.length,
            step: t(`check.step.${running}`),
          })}
        </p>
      )}
      {view.phase === "done" && <Summary view={view} />}
    </>
  );
}

/** The step that was done last. */
function useLatest(done: readonly StepName[]): StepName | null {
  const [known, setKnown] = useState<readonly StepName[]>([]);
  const [latest, setLatest] = useState<StepName | null>(null);
  const fresh = done.find((step) => !known.includes(step));
  if (fresh !== undefined || done.length < known.length) {
    setKnown(done);
    setLatest(fresh ?? null);
  }
  return latest;
}

function Summary({ view }: { view: PreflightView }) {
  const t = useCheckTexts();
  const worst = worstOf(findingsOf(view));
  if (worst === "skipped") return null;
  return <Notice tone={TONES[worst]}>{t(`check.all.${worst}`)}</Notice>;
}

interface StepProps {
  step: StepName;
  state: StepState;
  browser: BrowserKind;
  onAnswer(hasHeard: boolean): void;
}

function Step({ step, state, browser, onAnswer }: StepProps) {
  const t = useCheckTexts();
  return (
    <FindingItem
      state={stateOf(state)}
      label={stateWords(t, state)}
      title={t(`check.step.${step}`)}
    >
      {state.kind === "asking" && <Question onAnswer={onAnswer} />}
      {state.kind === "done" && <Found state={state} browser={browser} />}
    </FindingItem>
  );
}

function Question({ onAnswer }: { onAnswer(hasHeard: boolean): void }) {
  const t = useCheckTexts();
  return (
    <fieldset className="question row">
      <legend className="grow">{t("check.ask")}</legend>
      <Action className="compact" onPress={() => onAnswer(true)}>
        {t("check.yes")}
      </Action>
      <Action className="compact" onPress={() => onAnswer(false)}>
        {t("check.no")}
      </Action>
    </fieldset>
  );
}

function Found({ state, browser }: { state: StepState & { kind: "done" }; browser: BrowserKind }) {
  const t = useCheckTexts();
  const { says, todo } = findingWords(t, state.finding, browser);
  return (
    <>
      <p>{says}</p>
      {todo && <p className="soft">{todo}</p>}
      {state.figures.length > 0 && (
        <dl className="figures">
          {state.figures.map((figure) => {
            const [term, value] = figureWords(t, figure);
            return (
              <div key={term}>
                <dt>{term}</dt>
                <dd>
                  <Isolated>{value}</Isolated>
                </dd>
              </div>
            );
          })}
        </dl>
      )}
    </>
  );
}

/** Shows the report, to be read before it is sent. */
function Report({ view, browser }: ProgressProps) {
  const t = useCheckTexts();
  const config = useServerConfig();
  const [at] = useState(() => new Date());
  const report = checkReport(t, view, {
    server: location.origin,
    version: config?.version ?? "?",
    browser: navigator.userAgent,
    kind: browser,
    at,
  });
  const copy = async () =>
    toast((await copied(report)) ? t("failure.copied") : t("failure.notCopied"));
  const name = `parlour-check-${at.toISOString().slice(0, 16).replace(":", "")}.txt`;
  return (
    <section className="stack" aria-label={t("check.report.title")}>
      <p className="soft">{t("check.report.text")}</p>
      <div className="row">
        <Action onPress={() => void copy()}>{t("failure.copy")}</Action>
        <Action onPress={() => saveFile(name, report, "text/plain")}>
          {t("check.report.save")}
        </Action>
        {config?.contact && (
          <LinkAction href={mailLink(config.contact, t("check.report.subject"), report)}>
            {t("check.report.mail")}
          </LinkAction>
        )}
      </div>
      <details className="failure-report">
        <summary>{t("failure.contents")}</summary>
        <pre>{report}</pre>
      </details>
    </section>
  );
}
