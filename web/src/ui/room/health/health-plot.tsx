import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Chart, Measure } from "../../../call/health/series";
import { timeOfSlot } from "../../../call/health/window";
import { useShownTexts } from "../../kit/texts";
import { type TranslateCall, useCallTexts } from "../texts";
import { measureWords } from "./health-words";
import { lineStyle } from "./line-style";

interface HealthPlotProps {
  chart: Chart;
  measure: Measure;
  nameOf(id: string): string;
}

const HEIGHT = 170;
/** The least time and value that the axes show. */
const SHORTEST_SECONDS = 60;
const LEAST = 0.1;

/** Draws lines over the last ten minutes. What it shows is told in words elsewhere. */
export function HealthPlot({ chart, measure, nameOf }: HealthPlotProps) {
  const t = useCallTexts();
  const { locale } = useShownTexts();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef(chart);
  shown.current = chart;
  const names = chart.series.map(({ id }) => nameOf(id));
  const lines = JSON.stringify(names);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other lines make another plot
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const created = new uPlot(
      optionsFor({ t, locale }, names, measure, element),
      dataOf(shown.current),
      element,
    );
    plot.current = created;
    const observer = new ResizeObserver(() =>
      created.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [lines, measure, t, locale]);
  useEffect(() => plot.current?.setData(dataOf(chart)), [chart]);
  return <div className="health-plot" ref={box} aria-hidden="true" />;
}

function dataOf({ slots, series }: Chart): uPlot.AlignedData {
  const times = slots.map((slot) => timeOfSlot(slot) / 1000);
  return [times, ...series.map(({ values }) => [...values])];
}

/** The language of a plot, and the locale of its times. */
interface PlotLanguage {
  readonly t: TranslateCall;
  readonly locale: string;
}

function optionsFor(
  { t, locale }: PlotLanguage,
  names: readonly string[],
  measure: Measure,
  element: HTMLElement,
): uPlot.Options {
  const style = getComputedStyle(element); // live: a change of theme shows with the next values
  const axis: uPlot.Axis = {
    stroke: () => style.color,
    grid: { stroke: () => style.borderTopColor, width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  const clock: uPlot.Axis = {
    space: 80,
    size: 28,
    incrs: [60, 120, 300],
    values: (_, times) =>
      times.map((time) => formatTime(time, locale, { hour: "2-digit", minute: "2-digit" })),
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    scales: {
      x: { range: (_, first, last) => [Math.min(first, last - SHORTEST_SECONDS), last] },
      y: { range: (_, __, most) => [0, Math.max(LEAST, most) * 1.1] },
    },
    axes: [
      { ...axis, ...clock },
      { ...axis, size: 44 },
    ],
    cursor: { y: false, drag: { x: false, y: false } },
    series: [
      {
        label: t("call.health.time"),
        value: (_, time) => (time === null ? "–" : formatTime(time, locale)),
      },
      ...names.map((name, index) => lineOf(t, name, index, measure)),
    ],
  };
}

function lineOf(t: TranslateCall, name: string, index: number, measure: Measure): uPlot.Series {
  const { colour, dash } = lineStyle(index);
  return {
    label: name,
    stroke: colour,
    width: 2,
    ...(dash.length > 0 && { dash: [...dash] }),
    points: { size: 4 },
    value: (_, value) => (value === null ? "–" : measureWords(t, measure, value)),
  };
}

function formatTime(
  seconds: number,
  locale: string,
  form: Intl.DateTimeFormatOptions = {},
): string {
  return new Date(1000 * seconds).toLocaleTimeString(locale, form);
}
