import { useId, useState } from "react";
import type { Call } from "../../../call/call";
import { adviceFor } from "../../../call/health/advice";
import type { HealthRecord } from "../../../call/health/call-health";
import { chartOf, MEASURES, type Measure } from "../../../call/health/series";
import { useServerConfig, useStore } from "../../app/services";
import { Action, CloseAction } from "../../kit/button";
import { Notice } from "../../kit/notice";
import { fullName, PersonName } from "../../kit/person-name";
import { saveFile } from "../../kit/save-file";
import { useShownTexts } from "../../kit/texts";
import { CheckLink } from "../check-link";
import { type TranslateCall, useCallTexts } from "../texts";
import { HealthMark } from "./health-mark";
import { HealthPlot } from "./health-plot";
import { healthReport } from "./health-report";
import { adviceWords, figuresOf, measureName, summaryWords } from "./health-words";
import { standingWords } from "./standing-words";

interface HealthPanelProps {
  call: Call;
  onClose(): void;
}

/** How the connections do and did: in words, as figures, and as a plot that can be saved. */
export function HealthPanel({ call, onClose }: HealthPanelProps) {
  const t = useCallTexts();
  const records = useStore(call.health.records);
  const here = records.filter(({ isHere }) => isHere);
  const hasMeasured = records.some(({ windows }) => windows.length > 0);
  return (
    <aside className="panel" aria-label={t("call.health.title")} ref={arrive} tabIndex={-1}>
      <header className="panel-head">
        <h2>{t("call.health.title")}</h2>
        <CloseAction label={t("call.health.close")} onPress={onClose} />
      </header>
      <div className="panel-body stack">
        <ServerLost call={call} />
        <AdviceList records={here} />
        {hasMeasured && <History records={records} />}
        <ul className="health-list" aria-label={t("call.health.now")}>
          {here.map((record) => (
            <Connection key={record.id} record={record} />
          ))}
        </ul>
      </div>
      {hasMeasured && (
        <div className="panel-foot">
          <SaveReport room={call.room} records={records} />
        </div>
      )}
    </aside>
  );
}

function arrive(panel: HTMLElement | null): void {
  panel?.focus({ preventScroll: true });
}

type Named = readonly HealthRecord[];

function nameIn(records: Named): (id: string) => string {
  return (id) => {
    const record = records.find((record) => record.id === id);
    return record ? fullName(record) : "";
  };
}

function AdviceList({ records }: { records: Named }) {
  const t = useCallTexts();
  const found = adviceFor(records);
  const advice = found.map((one) => adviceWords(t, one, nameIn(records)));
  if (advice.length === 0) return <p role="status">{nothingWrong(t, records)}</p>;
  return (
    <>
      {advice.map(({ problem, help }) => (
        <Notice key={problem}>
          <p>
            <strong>{problem}</strong>
          </p>
          <p>{help}</p>
        </Notice>
      ))}
      {found.some(({ kind }) => kind === "no-way") && (
        <p>
          <CheckLink />
        </p>
      )}
    </>
  );
}

/** Without the server, nobody new is found, and nobody who is lost comes back. */
function ServerLost({ call }: { call: Call }) {
  const t = useCallTexts();
  if (useStore(call.delay) !== "rejoining") return null;
  return (
    <Notice>
      <p>
        <strong>{t("call.bar.reconnecting")}</strong>
      </p>
      <p>{t("call.health.noServerHelp")}</p>
      <p>
        <CheckLink />
      </p>
    </Notice>
  );
}

function nothingWrong(t: TranslateCall, records: Named): string {
  if (records.length === 0) return t("call.bar.alone");
  const isKnown = records.some(({ standing }) => standing !== null);
  return isKnown ? t("call.health.fine") : t("call.health.measuring");
}

function Connection({ record }: { record: HealthRecord }) {
  const t = useCallTexts();
  const { username, displayName, standing, windows } = record;
  const window = windows.at(-1);
  return (
    <li>
      <details>
        <summary>
          <PersonName username={username} displayName={displayName} />
          <span className="health-now">
            <HealthMark standing={standing} size={18} />
            <span aria-hidden="true" className="soft small">
              {standing ? standingWords(t, standing) : t("call.health.notMeasured")}
            </span>
          </span>
        </summary>
        {window && (
          <dl className="figures">
            {figuresOf(t, window).map(([term, value]) => (
              <div key={term}>
                <dt>{term}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </li>
  );
}

function History({ records }: { records: Named }) {
  const t = useCallTexts();
  const [measure, setMeasure] = useState<Measure>("round-trip");
  const id = useId();
  const nameOf = nameIn(records);
  const chart = chartOf(records, measure);
  const words = chart.series.map(
    ({ id, values }) => `${nameOf(id)}: ${summaryWords(t, values, measure)}`,
  );
  return (
    <section className="health-history" aria-label={t("call.health.lastMinutes")}>
      <div className="row spread">
        <label htmlFor={id}>{t("call.health.lastMinutes")}</label>
        <select
          id={id}
          className="select"
          value={measure}
          onChange={({ target }) => setMeasure(target.value as Measure)}
        >
          {MEASURES.map((one) => (
            <option key={one} value={one}>
              {measureName(t, one)}
            </option>
          ))}
        </select>
      </div>
      <div role="img" aria-label={[measureName(t, measure), ...words].join(". ")}>
        <HealthPlot chart={chart} measure={measure} nameOf={nameOf} />
      </div>
    </section>
  );
}

function SaveReport({ room, records }: { room: string; records: Named }) {
  const t = useCallTexts();
  const { language, direction } = useShownTexts();
  const version = useServerConfig()?.version ?? "?";
  const save = () => {
    const at = new Date();
    const advice = adviceFor(records.filter(({ isHere }) => isHere)).map((one) => {
      const { problem, help } = adviceWords(t, one, nameIn(records));
      return `${problem} ${help}`;
    });
    const facts = { room, server: location.origin, version, browser: navigator.userAgent };
    const page = healthReport(t, records, { ...facts, at, advice, language, direction });
    saveFile(`parlour-connections-${at.toISOString().slice(0, 16).replace(":", "")}.html`, page);
  };
  return (
    <Action className="wide" onPress={save}>
      {t("call.health.save")}
    </Action>
  );
}
