// Charts of many classes show a part of them: the most confused ones, or the largest and the smallest. Tables and CSV
// files have all.
import { topAndBottom } from "../../base/many.js";
import type { BarsPanel, ChartPanel, HeatMapPanel } from "./insight.js";

export const kMatrixClasses = 30;
export const kEnds = 20; // of a bar chart, at each end

export interface Reduced<P extends ChartPanel = ChartPanel> {
  panel: P;
  indices: readonly number[]; // of the shown classes in the whole panel
  all: number; // classes
  totals?: readonly number[]; // of a matrix: images of each shown class
}

// undefined: the chart shows everything.
export function reduced(panel: ChartPanel): Reduced | undefined {
  if (panel.kind === "heat_map" && panel.names.length > kMatrixClasses) return mostConfused(panel);
  if (panel.kind === "bars" && panel.categories.length > 2 * kEnds) return ends(panel);
  return undefined;
}

// The classes with the most mistakes, as the true class or as the predicted one, in their order.
function mostConfused(panel: HeatMapPanel): Reduced<HeatMapPanel> {
  const mistakes = panel.names.map(() => 0);
  panel.values.forEach((row, truth) => {
    row.forEach((n, predicted) => {
      if (truth === predicted || !n) return;
      mistakes[truth] = (mistakes[truth] ?? 0) + n;
      mistakes[predicted] = (mistakes[predicted] ?? 0) + n;
    });
  });
  const indices = mistakes
    .map((_, i) => i)
    .sort((a, b) => (mistakes[b] ?? 0) - (mistakes[a] ?? 0) || a - b)
    .slice(0, kMatrixClasses)
    .sort((a, b) => a - b);
  const row = (truth: number) => panel.values[truth] ?? [];
  return {
    panel: {
      ...panel,
      names: indices.map((i) => panel.names[i] ?? ""),
      values: indices.map((truth) => indices.map((predicted) => row(truth)[predicted] ?? 0)),
    },
    indices,
    all: panel.names.length,
    totals: indices.map((truth) => row(truth).reduce<number>((sum, n) => sum + (n ?? 0), 0)),
  };
}

// The categories with the largest and with the smallest value of the first series.
function ends(panel: BarsPanel): Reduced<BarsPanel> {
  const indices = topAndBottom(
    panel.categories.map((_, i) => panel.series[0]?.values[i] ?? 0),
    kEnds,
  );
  return {
    panel: {
      ...panel,
      categories: indices.map((i) => panel.categories[i] ?? ""),
      series: panel.series.map((series) => ({
        ...series,
        values: indices.map((i) => series.values[i] ?? null),
        ...(series.intervals ? { intervals: indices.map((i) => series.intervals?.[i] ?? null) } : {}),
      })) as BarsPanel["series"],
    },
    indices,
    all: panel.categories.length,
  };
}
