// The server's panels as charts to draw.
import { count } from "../../base/format.js";
import type { Axis, ChartSpec, Colour, LineOrBarSpec, MatrixSpec, Series } from "../../components/chart/spec.js";
import { locale } from "../../base/strings.js";
import type { BarsPanel, DrawnPanel, HeatMapPanel, HistogramPanel, LinesPanel, PanelAxis, Unit } from "./insight.js";

export type PickCell = (cell: { row: number; column: number }) => void;

const kLongLabel = 14; // letters; bars with longer ones lie
// Seconds: a time axis that is shorter tells seconds, one that is longer days.
const kMinutes = 600;
const kDays = 36 * 3600;

export function toSpec(panel: DrawnPanel, onPick?: PickCell): ChartSpec {
  switch (panel.kind) {
    case "bars":
      return bars(panel);
    case "histogram":
      return histogram(panel);
    case "lines":
      return lines(panel);
    case "heat_map":
      return heatMap(panel, onPick);
  }
}

const figures = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });
const shares = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

// 0.5 -> "50 %". Never "100 %" or "0 %" for what is neither.
export function share(p: number): string {
  const text = shares.format(100 * p);
  if (text === "100" && p < 1) return "> 99.9 %";
  if (text === "0" && p > 0) return "< 0.1 %";
  return `${text} %`;
}

function inUtc(seconds: number, span: number): string {
  const options: Intl.DateTimeFormatOptions =
    span > kDays
      ? { day: "numeric", month: "short" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(span < kMinutes ? { second: "2-digit" } : {}) };
  return new Date(1000 * seconds).toLocaleString(locale, { ...options, timeZone: "UTC" });
}

function formatOf(unit: Unit, span: number): (value: number) => string {
  if (unit === "share") return share;
  if (unit === "count") return count;
  if (unit === "time") return (milliseconds) => inUtc(milliseconds / 1000, span);
  return (value) => figures.format(value);
}

// Charts count time in milliseconds, the server in seconds.
const scaleOf = (unit: Unit): number => (unit === "time" ? 1000 : 1);

function toAxis({ title, unit, low, high }: PanelAxis): Axis {
  const scale = scaleOf(unit);
  return {
    title,
    type: unit === "time" ? "time" : "linear",
    format: formatOf(unit, (high ?? 0) - (low ?? 0)),
    ...(low === undefined ? {} : { min: low * scale }),
    ...(high === undefined ? {} : { max: high * scale }),
    ...(unit === "count" ? { whole: true } : {}),
  };
}

// Bars begin at nothing.
const height = (axis: PanelAxis): Axis => ({ min: 0, ...toAxis(axis) });

// A channel has its own colour; others are told apart in order.
const channels: Record<string, Colour> = { red: 2, green: 5, blue: 3 };

function bars({ x, y, stacked, categories, series }: BarsPanel): LineOrBarSpec {
  return {
    kind: "bar",
    stacked,
    sideways: categories.some((name) => name.length > kLongLabel),
    x: { title: x.title, type: "category", labels: categories },
    y: height(y),
    series: series.map(({ name, values }, i) => ({
      name,
      colour: channels[name] ?? i,
      points: values.map((value, place) => [place, value] as const),
    })),
  };
}

// Times have gaps, which a bar for each category would hide.
function histogram({ x, y, bins }: HistogramPanel): LineOrBarSpec {
  const series = (place: (i: number) => number): Series[] => [
    { name: y.title, colour: "server", points: bins.map(({ value }, i) => [place(i), value] as const) },
  ];
  if (x.unit === "time") {
    const middle = (i: number): number => 500 * ((bins[i]?.low ?? 0) + (bins[i]?.high ?? 0));
    return { kind: "bar", x: toAxis(x), y: height(y), series: series(middle) };
  }
  const labels = bins.map(({ low, high }) => rangeText(low, high, x.unit));
  return { kind: "bar", x: { title: x.title, type: "category", labels, some: true }, y: height(y), series: series((i) => i) };
}

// Whole per cents are enough to tell bins apart; the CSV has them exactly.
export function rangeText(low: number, high: number, unit: Unit): string {
  return unit === "share" ? `${Math.round(100 * low)}–${Math.round(100 * high)} %` : `${figures.format(low)}–${figures.format(high)}`;
}

function lines({ x, y, dots, lines: all }: LinesPanel): LineOrBarSpec {
  const scale = scaleOf(x.unit);
  const data = all.filter(({ reference }) => !reference);
  const pointed = data.some(({ highlighted }) => highlighted) && data.length > 2;
  const first = JSON.stringify(data[0]?.points.map(([place]) => place));
  return {
    kind: "line",
    x: toAxis(x),
    y: toAxis(y),
    long: data.some(({ points }) => JSON.stringify(points.map(([place]) => place)) !== first),
    series: all.map(({ name, reference, highlighted, points }) => ({
      name,
      colour: reference ? "muted" : data.findIndex((line) => line.name === name),
      dashed: reference,
      marks: dots && !reference,
      faint: pointed && !highlighted && !reference,
      points: points.map(([place, value]) => [place * scale, value] as const),
    })),
  };
}

// Right answers in teal, mistakes in amber, deeper as they are more of their true class. By the square root:
// one mistake in a hundred is to be seen beside ninety right answers.
function heatMap({ x, y, names, values }: HeatMapPanel, onPick?: PickCell): MatrixSpec {
  return {
    kind: "matrix",
    rows: names,
    columns: names,
    rowTitle: y.title,
    columnTitle: x.title,
    values,
    shades: values.map((counts, row) => {
      const all = counts.reduce((sum, n) => sum + n, 0);
      return counts.map((n, column) => (n === 0 ? 0 : (row === column ? 1 : -1) * Math.sqrt(n / all)));
    }),
    format: count,
    ...(onPick ? { onPick } : {}),
  };
}
