import type { HealthRecord } from "../../../call/health/call-health";
import { type Chart, chartOf, MEASURES, type Measure } from "../../../call/health/series";
import { timeOfSlot, WINDOW_MS } from "../../../call/health/window";
import { fullName } from "../../kit/person-name";
import type { TranslateCall } from "../texts";
import { measureName, measureWords, pathWords, summaryWords } from "./health-words";
import { lineStyle } from "./line-style";
import { standingWords } from "./standing-words";

export interface ReportFacts {
  readonly room: string;
  /** The server's, as a page's origin. */
  readonly server: string;
  readonly version: string;
  readonly browser: string;
  readonly at: Date;
  /** Sentences. */
  readonly advice: readonly string[];
  /** The time of slot 0, in milliseconds since 1970. */
  readonly origin?: number;
  readonly language: string;
  readonly direction: string;
}

const WIDTH = 640;
const HEIGHT = 120;

/**
 * Writes a page of its own, which any browser opens without a network: what was measured as charts and tables, and
 * as JSON for programs. It has names and figures, and no address of anybody.
 */
export function healthReport(
  t: TranslateCall,
  records: readonly HealthRecord[],
  facts: ReportFacts,
): string {
  const names = new Map(records.map((record) => [record.id, fullName(record)]));
  const charts = MEASURES.map((measure) =>
    chartSection(chartOf(records, measure), measure, { t, names, facts }),
  );
  const title = escaped(t("call.report.title"));
  const heads = [t("call.report.participant"), t("call.report.now")];
  heads.push(...MEASURES.map((measure) => measureName(t, measure)));
  return `<!doctype html>
<html lang="${facts.language}" dir="${facts.direction}">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<dl>${factRows(t, facts)}</dl>
${facts.advice.map((sentence) => `<p>${escaped(sentence)}</p>`).join("\n")}
<h2>${escaped(t("call.health.title"))}</h2>
<table>
<tr>${heads.map((head) => `<th>${escaped(head)}</th>`).join("")}</tr>
${records.map((record) => recordRow(t, record)).join("\n")}
</table>
<p>${escaped(t("call.report.note"))}</p>
${charts.join("\n")}
<script type="application/json" id="data">${dataOf(records, facts)}</script>
</html>
`;
}

const STYLE = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{max-width:${WIDTH + 60}px;margin:24px auto;padding:0 16px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px}dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}td,th{padding:4px 8px 4px 0;text-align:start;border-bottom:1px solid #8888;vertical-align:top}
figure{margin:24px 0}figcaption{font-weight:600}svg{width:100%;height:auto;overflow:visible}polyline,line{fill:none;stroke-width:1.5}
text{font-size:11px;fill:currentColor}li{list-style:none}ul{display:flex;flex-wrap:wrap;gap:4px 16px;padding:0;margin:4px 0}`;

function factRows(t: TranslateCall, { room, server, version, browser, at }: ReportFacts): string {
  const rows = [
    [t("call.report.room"), room],
    [t("call.report.server"), t("call.report.versionOf", { server, version })],
    [t("call.report.browser"), browser],
    [t("call.report.saved"), at.toISOString()],
  ];
  return rows
    .map(([term = "", value = ""]) => `<dt>${escaped(term)}</dt><dd>${escaped(value)}</dd>`)
    .join("");
}

function recordRow(t: TranslateCall, record: HealthRecord): string {
  const { isHere, standing, windows } = record;
  const unknown = isHere ? t("call.report.notMeasured") : t("call.report.left");
  const now = standing ? standingWords(t, standing) : unknown;
  const summaries = MEASURES.map((measure) => {
    const values = chartOf([record], measure).series[0]?.values ?? [];
    return `<td>${escaped(summaryWords(t, values, measure))}</td>`;
  });
  const path = windows.at(-1)?.path;
  const way = path ? ` (${pathWords(t, path)})` : "";
  return `<tr><td>${escaped(fullName(record))}</td><td>${escaped(now + way)}</td>${summaries.join("")}</tr>`;
}

interface ChartContext {
  readonly t: TranslateCall;
  /** By id. */
  readonly names: ReadonlyMap<string, string>;
  readonly facts: ReportFacts;
}

function chartSection(chart: Chart, measure: Measure, { t, names, facts }: ChartContext): string {
  const { slots, series } = chart;
  const most = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const lines = series.map(({ values }, index) =>
    runsOf(values, most)
      .map((points) => `<polyline points="${points}" ${strokeOf(index)}/>`)
      .join(""),
  );
  const legend = series.map(
    ({ id }, index) =>
      `<li><svg viewBox="0 0 24 4" style="width:24px"><line x1="0" y1="2" x2="24" y2="2" ${strokeOf(index)}/></svg> ${escaped(names.get(id) ?? "")}</li>`,
  );
  const [from, to] = [slots[0], slots.at(-1)].map((slot) =>
    slot === undefined ? "" : new Date(timeOfSlot(slot, facts.origin)).toISOString().slice(11, 19),
  );
  const title = t("call.report.atMost", {
    measure: measureName(t, measure),
    value: measureWords(t, measure, most),
  });
  return `<figure><figcaption>${escaped(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT + 14}" aria-hidden="true"><line x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" stroke="#888"/>
${lines.join("")}<text x="0" y="${HEIGHT + 13}">${from} UTC</text><text x="${WIDTH}" y="${HEIGHT + 13}" text-anchor="end">${to} UTC</text></svg>
<ul>${legend.join("")}</ul></figure>`;
}

/** The points of each stretch without a gap. A stretch of one point is drawn as a short line. */
function runsOf(values: readonly (number | null)[], most: number): string[] {
  const step = WIDTH / Math.max(1, values.length - 1);
  const runs: string[][] = [[]];
  for (const [index, value] of values.entries()) {
    if (value === null) runs.push([]);
    else {
      const y = HEIGHT - (most > 0 ? (value / most) * HEIGHT : 0);
      runs.at(-1)?.push(`${(step * index).toFixed(1)},${y.toFixed(1)}`);
    }
  }
  return runs.filter((run) => run.length > 0).map((run) => [run[0], ...run].join(" "));
}

function strokeOf(index: number): string {
  const { colour, dash } = lineStyle(index);
  return `stroke="${colour}"${dash.length > 0 ? ` stroke-dasharray="${dash.join(" ")}"` : ""}`;
}

/** No text within it may end the element. */
function dataOf(records: readonly HealthRecord[], facts: ReportFacts): string {
  const { origin, at, language, direction, ...known } = facts;
  const connections = records.map(({ username, displayName, ...record }) => ({
    username,
    displayName,
    isHere: record.isHere,
    standing: record.standing,
    windows: record.windows.map(({ slot, ...measured }) => ({
      from: new Date(timeOfSlot(slot, origin) - WINDOW_MS).toISOString(),
      ...measured,
    })),
  }));
  const data = { ...known, at: at.toISOString(), windowMs: WINDOW_MS, connections };
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
