// The numbers of a panel as rows, unrounded: what its CSV has.
import type { Cell } from "../../base/csv.js";
import type { Panel, PanelAxis, ImagesPanel } from "./insight.js";
import { words } from "./strings.js";

export interface Rows {
  columns: string[];
  rows: Cell[][];
}

export function toRows(panel: Panel): Rows {
  const w = words.table;
  switch (panel.kind) {
    case "bars":
      return {
        columns: [panel.x.title, ...panel.series.map(({ name }) => name)],
        rows: panel.categories.map((name, i) => [name, ...panel.series.map(({ values }) => values[i])]),
      };
    case "histogram":
      return {
        columns: [w.from(panel.x.title), w.to, panel.y.title],
        rows: panel.bins.map(({ low, high, value }) => [place(panel.x, low), place(panel.x, high), value]),
      };
    case "lines":
      return {
        columns: [w.line, panel.x.title, panel.y.title],
        rows: panel.lines.flatMap(({ name, points }) => points.map(([x, y]) => [name, place(panel.x, x), y])),
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

const place = ({ unit }: PanelAxis, value: number): Cell => (unit === "time" ? new Date(1000 * value).toISOString() : value);

function imageRows({ groups }: ImagesPanel): Rows {
  const w = words.table;
  const all = groups.flatMap(({ images }) => images);
  const answered = all.some(({ answer }) => answer !== undefined);
  return {
    columns: [w.truth, ...(answered ? [w.answer, w.probability] : []), w.sha256, w.here],
    rows: all.map(({ label, answer, probability, sha256, url }) => [
      label,
      ...(answered ? [answer, probability] : []),
      sha256,
      url === null ? w.no : w.yes,
    ]),
  };
}
