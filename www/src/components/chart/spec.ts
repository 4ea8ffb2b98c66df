// The contents of a chart, independent of the library that draws it. The table view and the CSV are made from the
// same specification.
import type { Cell } from "../../base/csv.js";
import { words } from "../../base/strings.js";

export type Colour = "server" | "page" | "muted" | "bad" | number; // a number: the index of a class

export interface Axis {
  title: string;
  type?: "linear" | "log" | "time" | "category"; // time: milliseconds since 1970
  min?: number;
  max?: number;
  some?: boolean; // category: some labels may be left out, as for bins
  whole?: boolean; // only integer ticks
  format?: (value: number) => string; // of ticks and values
}

export interface Series {
  name: string;
  colour: Colour;
  points: readonly (readonly [x: number, y: number | null])[]; // category: x is the index of the label
  intervals?: readonly (readonly [low: number, high: number])[]; // 95 %, of y: one for each point, drawn as whiskers
  as?: "line" | "bar" | "dots"; // if not the chart's kind
  dashed?: boolean;
  fill?: boolean;
  faint?: boolean; // a line in the background
  marks?: boolean; // shows the points of a line
}

export interface LineOrBarSpec {
  kind: "line" | "bar";
  x: Axis & { labels?: readonly string[] }; // labels: of a category axis
  y: Axis;
  series: readonly Series[];
  stacked?: boolean;
  sideways?: boolean; // horizontal bars, for long labels
  long?: boolean; // the table has one row for each point, because the series have different x values
  onPick?: (pick: { series: number; index: number }) => void; // a point or bar was clicked
}

export interface MatrixSpec {
  kind: "matrix";
  rows: readonly string[];
  columns: readonly string[];
  rowTitle: string; // "True class"
  columnTitle: string; // "Predicted class"
  values: readonly (readonly number[])[]; // [row][column]
  shades?: readonly (readonly number[])[]; // -1 to 1; default: the values divided by the largest
  format?: (value: number) => string;
  onPick?: (pick: { row: number; column: number }) => void;
}

export type ChartSpec = LineOrBarSpec | MatrixSpec;

export interface PickableCell {
  value: Cell;
  text: string;
  pick: (() => void) | undefined;
}

export interface ChartTable {
  columns: string[];
  rows: PickableCell[][];
}

export const categoryLabel = (spec: LineOrBarSpec, x: number): string | undefined => spec.x.labels?.[x];

// "80 % (95 % interval 70 % to 87 %)"
export function valueText(
  format: (value: number) => string,
  y: number,
  interval: readonly number[] | undefined,
): string {
  const [low, high] = interval ?? [];
  return low === undefined || high === undefined
    ? format(y)
    : words.chart.interval(format(y), format(low), format(high));
}

function plain(value: Cell, text = value === null || value === undefined ? "" : String(value)): PickableCell {
  return { value, text, pick: undefined };
}

export function toTable(spec: ChartSpec): ChartTable {
  if (spec.kind === "matrix") return matrixTable(spec);
  return spec.long ? pointTable(spec) : seriesTable(spec);
}

function matrixTable({
  rows,
  columns,
  rowTitle,
  columnTitle,
  values,
  format = String,
  onPick,
}: MatrixSpec): ChartTable {
  return {
    columns: [`${rowTitle} \\ ${columnTitle}`, ...columns],
    rows: rows.map((name, row) => [
      plain(name),
      ...columns.map((_, column) => {
        const value = values[row]?.[column] ?? 0;
        return { value, text: format(value), pick: onPick && (() => onPick({ row, column })) };
      }),
    ]),
  };
}

function positionCell(spec: LineOrBarSpec, x: number): PickableCell {
  const label = categoryLabel(spec, x);
  if (label !== undefined) return plain(label);
  return plain(spec.x.type === "time" ? new Date(x).toISOString() : x, (spec.x.format ?? String)(x));
}

function pointTable(spec: LineOrBarSpec): ChartTable {
  const formatY = spec.y.format ?? String;
  return {
    columns: ["", spec.x.title, spec.y.title],
    rows: spec.series.flatMap(({ name, points }) =>
      points.map(([x, y]) => [plain(name), positionCell(spec, x), y === null ? plain(null) : plain(y, formatY(y))]),
    ),
  };
}

// One row for each x of any series, one column for each series.
function seriesTable(spec: LineOrBarSpec): ChartTable {
  const at = new Map<number, Map<number, { y: number | null; index: number }>>();
  for (const [s, { points }] of spec.series.entries()) {
    for (const [index, [x, y]] of points.entries()) at.set(x, (at.get(x) ?? new Map()).set(s, { y, index }));
  }
  const formatY = spec.y.format ?? String;
  return {
    columns: [spec.x.title, ...spec.series.map(({ name }) => name)],
    rows: [...at.entries()]
      .sort(([a], [b]) => a - b)
      .map(([x, ys]) => [
        positionCell(spec, x),
        ...spec.series.map((_, s) => {
          const point = ys.get(s);
          if (point === undefined || point.y === null) return plain(null);
          const { onPick } = spec;
          return {
            value: point.y,
            text: valueText(formatY, point.y, spec.series[s]?.intervals?.[point.index]),
            pick: onPick && (() => onPick({ series: s, index: point.index })),
          };
        }),
      ]),
  };
}
