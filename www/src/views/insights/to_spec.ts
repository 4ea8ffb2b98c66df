// Converts the server's chart panels to chart specifications.
import { count, percent } from "../../base/format.js";
import { locale } from "../../base/strings.js";
import type { Axis, ChartSpec, Colour, LineOrBarSpec, MatrixSpec, Series } from "../../components/chart/spec.js";
import type { BarsPanel, ChartPanel, HeatMapPanel, HistogramPanel, LinesPanel, PanelAxis, Unit } from "./insight.js";

export type PickCell = (cell: { row: number; column: number }) => void;

const kLongLabel = 14; // characters; longer labels make the bars horizontal
// Seconds: a shorter time axis shows seconds, a longer one days.
const kShortSpan = 600;
const kLongSpan = 36 * 3600;

// `totals`: of a part of a matrix, the images of each true class.
export function toSpec(panel: ChartPanel, onPick?: PickCell, totals?: readonly number[]): ChartSpec {
  switch (panel.kind) {
    case "bars":
      return barSpec(panel);
    case "histogram":
      return histogramSpec(panel);
    case "lines":
      return lineSpec(panel);
    case "heat_map":
      return matrixSpec(panel, onPick, totals);
  }
}

const fourDigits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });

// Times of day are those of the viewer. Bins of days begin at midnight UTC, so their dates are UTC.
function timeText(milliseconds: number, span: number): string {
  const options: Intl.DateTimeFormatOptions =
    span > kLongSpan
      ? { day: "numeric", month: "short" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(span < kShortSpan ? { second: "2-digit" } : {}) };
  return new Date(milliseconds).toLocaleString(locale, span > kLongSpan ? { ...options, timeZone: "UTC" } : options);
}

function formatOf(unit: Unit, span: number): (value: number) => string {
  if (unit === "share") return (fraction) => percent(fraction, true);
  if (unit === "count") return count;
  if (unit === "time") return (milliseconds) => timeText(milliseconds, span);
  return (value) => fourDigits.format(value);
}

// The server's times are in seconds, those of a chart in milliseconds.
const scaleOf = (unit: Unit): number => (unit === "time" ? 1000 : 1);

function toAxis({ title, unit, low, high }: PanelAxis): Axis {
  const scale = scaleOf(unit);
  const isTimeOfDay = unit === "time" && (high ?? 0) - (low ?? 0) <= kLongSpan;
  return {
    title: isTimeOfDay ? title.replace(" (UTC)", "") : title,
    type: unit === "time" ? "time" : "linear",
    format: formatOf(unit, (high ?? 0) - (low ?? 0)),
    ...(low === undefined ? {} : { min: low * scale }),
    ...(high === undefined ? {} : { max: high * scale }),
    ...(unit === "count" ? { whole: true } : {}),
  };
}

const toBarAxis = (axis: PanelAxis): Axis => ({ min: 0, ...toAxis(axis) });

// The colours of RGB channels; other series use the class colours in order.
const channels: Record<string, Colour> = { red: 2, green: 5, blue: 3 };

function barSpec({ x, y, stacked, categories, series }: BarsPanel): LineOrBarSpec {
  return {
    kind: "bar",
    stacked,
    sideways: categories.some((name) => name.length > kLongLabel),
    x: { title: x.title, type: "category", labels: categories },
    y: toBarAxis(y),
    series: series.map(({ name, values, intervals }, i) => ({
      name,
      colour: channels[name] ?? i,
      points: values.map((value, index) => [index, value] as const),
      ...(intervals === undefined ? {} : { intervals: intervals as [number, number][] }),
    })),
  };
}

// Bins of times are placed on a time axis, since a category axis would hide gaps.
function histogramSpec({ x, y, bins }: HistogramPanel): LineOrBarSpec {
  const toSeries = (position: (i: number) => number): Series[] => [
    { name: y.title, colour: "server", points: bins.map(({ value }, i) => [position(i), value] as const) },
  ];
  if (x.unit === "time") {
    const middle = (i: number): number => 500 * ((bins[i]?.low ?? 0) + (bins[i]?.high ?? 0)); // milliseconds
    return { kind: "bar", x: toAxis(x), y: toBarAxis(y), series: toSeries(middle) };
  }
  const labels = bins.map(({ low, high }) => rangeText(low ?? 0, high ?? 0, x.unit));
  return {
    kind: "bar",
    x: { title: x.title, type: "category", labels, some: true },
    y: toBarAxis(y),
    series: toSeries((i) => i),
  };
}

// Whole percents identify a bin; the CSV has the exact limits.
export function rangeText(low: number, high: number, unit: Unit): string {
  if (unit === "share") return `${Math.round(100 * low)}–${Math.round(100 * high)} %`;
  return `${fourDigits.format(low)}–${fourDigits.format(high)}`;
}

function lineSpec({ x, y, dots, lines }: LinesPanel): LineOrBarSpec {
  const scale = scaleOf(x.unit);
  const data = lines.filter(({ reference }) => !reference);
  const hasHighlights = data.some(({ highlighted }) => highlighted) && data.length > 2;
  const positions = ({ points }: LinesPanel["lines"][number]): string => JSON.stringify(points.map(([at]) => at));
  const first = data[0] && positions(data[0]);
  return {
    kind: "line",
    x: toAxis(x),
    y: toAxis(y),
    long: data.some((line) => positions(line) !== first),
    series: lines.map(({ name, reference, highlighted, points, intervals }) => ({
      name,
      colour: reference ? "muted" : data.findIndex((line) => line.name === name),
      dashed: reference,
      marks: dots && !reference,
      faint: hasHighlights && !highlighted && !reference,
      points: points.map(([at, value]) => [(at ?? 0) * scale, value ?? null] as const),
      ...(intervals === undefined ? {} : { intervals: intervals as [number, number][] }),
    })),
  };
}

// Teal on the diagonal, amber elsewhere, darker for larger fractions of the true class. The square root makes one
// mistake in a hundred visible next to ninety correct predictions.
function matrixSpec({ x, y, names, values }: HeatMapPanel, onPick?: PickCell, totals?: readonly number[]): MatrixSpec {
  const counts = values.map((row) => row.map((n) => n ?? 0));
  return {
    kind: "matrix",
    rows: names,
    columns: names,
    rowTitle: y.title,
    columnTitle: x.title,
    values: counts,
    shades: counts.map((rowCounts, row) => {
      const all = totals?.[row] ?? rowCounts.reduce((sum, n) => sum + n, 0);
      return rowCounts.map((n, column) => (n === 0 ? 0 : (row === column ? 1 : -1) * Math.sqrt(n / all)));
    }),
    format: count,
    ...(onPick ? { onPick } : {}),
  };
}
