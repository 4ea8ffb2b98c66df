// The data of a chart as table rows with exact values, for CSV.
import type { Cell } from "../../base/csv.js";
import type { ImagesPanel, Panel, PanelAxis } from "./insight.js";
import { words } from "./strings.js";

const w = words.table;

export interface Rows {
  columns: string[];
  rows: Cell[][];
}

export function toRows(panel: Panel): Rows {
  switch (panel.kind) {
    case "bars":
      return {
        columns: [
          panel.x.title,
          ...panel.series.flatMap(({ name, intervals }) => (intervals ? [name, w.low(name), w.high(name)] : [name])),
        ],
        rows: panel.categories.map((name, i) => [
          name,
          ...panel.series.flatMap(({ values, intervals }): Cell[] => [values[i], ...(intervals?.[i] ?? [])]),
        ]),
      };
    case "histogram":
      return {
        columns: [w.from(panel.x.title), w.to, panel.y.title],
        rows: panel.bins.map(({ low, high, value }) => [position(panel.x, low), position(panel.x, high), value]),
      };
    case "lines":
      return {
        columns: [w.line, panel.x.title, panel.y.title],
        rows: panel.lines.flatMap(({ name, points }) =>
          points.map(([x = null, y]): Cell[] => [name, position(panel.x, x), y]),
        ),
      };
    case "heat_map":
      return {
        columns: [`${panel.y.title} \\ ${panel.x.title}`, ...panel.names],
        rows: panel.names.map((name, row) => [name, ...(panel.values[row] ?? [])]),
      };
    case "images":
      return imageRows(panel);
  }
}

function position({ unit }: PanelAxis, value: number | null): Cell {
  return unit === "time" && value !== null ? new Date(1000 * value).toISOString() : value;
}

function imageRows({ groups }: ImagesPanel): Rows {
  const images = groups.flatMap((group) => group.images);
  const areMistakes = images.some(({ answer }) => answer !== undefined);
  return {
    columns: [w.truth, ...(areMistakes ? [w.predicted, w.probability] : []), w.sha256, w.here],
    rows: images.map(({ label, answer, probability, sha256, url }) => [
      label,
      ...(areMistakes ? [answer, probability] : []),
      sha256,
      url === null ? w.no : w.yes,
    ]),
  };
}
