// Draws charts with Chart.js (docs/decisions/0017-dashboard.md). Loaded with the first chart.
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  type ChartDataset,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ScaleOptionsByType,
  ScatterController,
  type ScriptableContext,
  Tooltip,
} from "chart.js";
import { MatrixController, MatrixElement } from "chartjs-chart-matrix";
import { clock } from "../../base/format.js";
import { cellText, kFontSize, type MatrixCell } from "./cell_text.js";
import { alpha, colourOf, type Palette, palette } from "./palette.js";
import { type Axis, type ChartSpec, type LineOrBarSpec, type MatrixSpec, type Series, valueText } from "./spec.js";
import { whiskers } from "./whiskers.js";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  Legend,
  LineController,
  LineElement,
  LinearScale,
  LogarithmicScale,
  MatrixController,
  MatrixElement,
  PointElement,
  ScatterController,
  Tooltip,
);

const kMaxNames = 24; // up to this many classes, every bar has its name

export interface DrawnChart {
  update: (spec: ChartSpec) => boolean; // shows other data; false: the chart must be drawn again
  destroy: () => void;
}

// The chart resizes with the canvas' parent until it is destroyed.
export function draw(canvas: HTMLCanvasElement, spec: ChartSpec): DrawnChart {
  const colours = palette();
  Chart.defaults.font.family = colours.font;
  Chart.defaults.font.size = kFontSize;
  Chart.defaults.color = colours.muted;
  Chart.defaults.borderColor = colours.line;
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const chart = new Chart(canvas, spec.kind === "matrix" ? matrix(spec, colours) : lineOrBar(spec, colours));
  return {
    destroy: () => chart.destroy(),
    update: (next) => {
      if (next.kind === "matrix" || next.kind !== spec.kind) return false;
      const { data, options } = lineOrBar(next, colours);
      // Existing datasets are changed in place, so that their points move to the new positions.
      for (const [i, dataset] of data.datasets.entries()) {
        chart.data.datasets[i] = Object.assign(chart.data.datasets[i] ?? {}, dataset);
      }
      chart.data.datasets.length = data.datasets.length;
      chart.options = { ...options, animation: reducedMotion ? false : { duration: 400 } };
      chart.update();
      return true;
    },
  };
}

function common(colours: Palette) {
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: false as const,
    layout: { padding: { top: 6, right: 6 } },
    plugins: {
      tooltip: {
        backgroundColor: colours.ink,
        titleColor: colours.surface,
        bodyColor: colours.surface,
        padding: 10,
        cornerRadius: 8,
        displayColors: false,
      },
    },
  };
}

function scale(axis: Axis & { labels?: readonly string[] }, colours: Palette, stacked: boolean) {
  const { type = "linear", title, min, max, labels, some, whole } = axis;
  const format = axis.format ?? (type === "time" ? clock : undefined);
  const label = (value: string | number): string =>
    labels ? (labels[Number(value)] ?? "") : format ? format(Number(value)) : String(value);
  // A scale with given ends has no offset, also with bars on it.
  const fixedEnds = min !== undefined && max !== undefined && type !== "category";
  const allNames = labels !== undefined && labels.length <= kMaxNames && some !== true;
  const kinds = { linear: "linear", time: "linear", log: "logarithmic", category: "category" } as const;
  return {
    type: kinds[type],
    stacked,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(fixedEnds ? { offset: false } : {}),
    // Categories are identified by their index, because two may have the same name.
    ...(labels ? { labels: labels.map((_, i) => String(i)) } : {}),
    title: { display: title !== "", text: title, color: colours.muted },
    grid: {
      display: type !== "category",
      color: colours.line,
      drawTicks: false,
      ...(fixedEnds ? { offset: false } : {}),
    },
    border: { display: false },
    ticks: {
      color: colours.muted,
      padding: 6,
      ...(whole ? { precision: 0 } : {}),
      maxRotation: 45,
      autoSkip: !allNames,
      maxTicksLimit: allNames ? kMaxNames : 8,
      ...(format || labels ? { callback: label } : {}),
    },
  } as unknown as ScaleOptionsByType<"linear">;
}

function dataset(series: Series, spec: LineOrBarSpec, colours: Palette): ChartDataset<"line" | "bar"> {
  const colour = colourOf(series.colour, colours);
  const as = series.as ?? spec.kind;
  const data = series.points.map(([position, y]) => {
    const x = spec.x.labels ? String(position) : position;
    return spec.sideways ? { x: y, y: x } : { x, y };
  });
  const kind = as === "bar" ? "bar" : "line";
  return {
    type: kind,
    label: series.name,
    data: data as never,
    borderColor: series.faint ? alpha(colour, 0.45) : colour,
    backgroundColor: kind === "bar" ? colour : alpha(colour, 0.14),
    borderWidth: kind === "bar" ? 0 : series.faint ? 1.25 : 2,
    borderRadius: kind === "bar" ? 3 : 0,
    maxBarThickness: 36,
    borderDash: series.dashed ? [5, 4] : [],
    fill: series.fill ?? false,
    showLine: as !== "dots",
    pointRadius: as === "dots" || series.marks || series.points.length === 1 ? 3.5 : 0,
    pointHitRadius: 12,
    pointBackgroundColor: colour,
    tension: 0,
    order: as === "bar" ? 1 : 0,
  } as ChartDataset<"line" | "bar">;
}

function lineOrBar(spec: LineOrBarSpec, colours: Palette): ChartConfiguration {
  const { series, stacked = false, sideways = false, onPick } = spec;
  const base = common(colours);
  const formatX = spec.x.format ?? (spec.x.type === "time" ? clock : String);
  const formatY = spec.y.format ?? String;
  const nameOf = (x: number | string): string => spec.x.labels?.[Number(x)] ?? formatX(Number(x));
  return {
    type: spec.kind,
    data: { datasets: series.map((item) => dataset(item, spec, colours)) },
    options: {
      ...base,
      indexAxis: sideways ? "y" : "x",
      interaction: { mode: spec.kind === "bar" ? "index" : "nearest", axis: sideways ? "y" : "x", intersect: false },
      onClick: (_, elements) => {
        const hit = elements[0];
        if (hit && onPick) onPick({ series: hit.datasetIndex, index: hit.index });
      },
      scales: {
        x: scale(sideways ? spec.y : spec.x, colours, stacked),
        y: scale(sideways ? spec.x : spec.y, colours, stacked),
      },
      plugins: {
        ...base.plugins,
        legend: {
          display: series.length > 1,
          align: "end",
          labels: { color: colours.ink, boxWidth: 7, boxHeight: 7, usePointStyle: true, pointStyle: "circle" },
        },
        tooltip: {
          ...base.plugins.tooltip,
          callbacks: {
            title: ([item]) =>
              item ? nameOf((item.raw as { x: number | string; y: number | string })[sideways ? "y" : "x"]) : "",
            label: (item) => {
              const y = (item.raw as { x: number; y: number })[sideways ? "x" : "y"];
              const interval = series[item.datasetIndex]?.intervals?.[item.dataIndex];
              return `${item.dataset.label ?? ""}: ${valueText(formatY, y, interval)}`;
            },
          },
        },
      },
    },
    plugins: [whiskers(series, sideways, colours)],
  } as ChartConfiguration;
}

function matrixCells({ rows, columns, values, shades }: MatrixSpec): MatrixCell[] {
  const largest = Math.max(1e-12, ...values.flat().map(Math.abs));
  return rows.flatMap((_, y) =>
    columns.map((_, x) => {
      const value = values[y]?.[x] ?? 0;
      return { x, y, value, shade: shades?.[y]?.[x] ?? value / largest };
    }),
  );
}

// Shades of teal for positive values, of amber for negative ones (in a matrix of differences).
function matrix(spec: MatrixSpec, colours: Palette): ChartConfiguration {
  const { rows, columns, format = String, onPick } = spec;
  const cells = matrixCells(spec);
  const base = common(colours);
  const shadeOf = (context: ScriptableContext<"matrix">): number => cells[context.dataIndex]?.shade ?? 0;
  const size = (whole: number | undefined, parts: number): number => Math.max(1, (whole ?? 0) / parts - 2);
  const axis = (names: readonly string[], title: string, side: "top" | "left") => ({
    ...scale({ title, type: "category", labels: names }, colours, false),
    position: side,
    offset: true,
    reverse: false, // the first row is at the top
  });
  return {
    type: "matrix",
    data: {
      datasets: [
        {
          data: cells.map((cell) => ({ ...cell, x: String(cell.x), y: String(cell.y) })) as never,
          backgroundColor: (context: ScriptableContext<"matrix">) => {
            const shade = shadeOf(context);
            return shade === 0
              ? alpha(colours.line, 0.5)
              : alpha(shade < 0 ? colours.page : colours.server, 0.1 + 0.9 * Math.abs(shade));
          },
          borderRadius: 3,
          width: ({ chart }: ScriptableContext<"matrix">) => size(chart.chartArea?.width, columns.length),
          height: ({ chart }: ScriptableContext<"matrix">) => size(chart.chartArea?.height, rows.length),
        },
      ],
    },
    options: {
      ...base,
      onClick: (_: unknown, elements: { index: number }[]) => {
        const cell = cells[elements[0]?.index ?? -1];
        if (cell && onPick) onPick({ row: cell.y, column: cell.x });
      },
      scales: { x: axis(columns, spec.columnTitle, "top"), y: axis(rows, spec.rowTitle, "left") },
      plugins: {
        ...base.plugins,
        legend: { display: false },
        tooltip: {
          ...base.plugins.tooltip,
          callbacks: {
            title: () => "",
            label: ({ dataIndex }: { dataIndex: number }) => {
              const { x, y, value } = cells[dataIndex] ?? { x: -1, y: -1, value: 0 };
              return `${spec.rowTitle} ${rows[y] ?? ""}, ${spec.columnTitle} ${columns[x] ?? ""}: ${format(value)}`;
            },
          },
        },
      },
    },
    plugins: [cellText(cells, format, colours)],
  } as unknown as ChartConfiguration;
}
