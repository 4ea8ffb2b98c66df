// The 95 % intervals of bars and points, drawn as whiskers.
import { alpha, type Palette } from "./palette.js";
import type { Series } from "./spec.js";

// Pixels.
const kMinBar = 5;
const kCap = 4;

// The parts of Chart that are used.
interface Drawn {
  x: number;
  y: number;
  getProps(names: string[], final: boolean): { width?: number; height?: number };
}
interface ScaledChart {
  ctx: CanvasRenderingContext2D;
  scales: Record<string, { getPixelForValue(value: number): number } | undefined>;
  getDatasetMeta(index: number): { hidden: boolean; data: Drawn[] };
}

export function whiskers(series: readonly Series[], sideways: boolean, { ink }: Palette) {
  return {
    id: "whiskers",
    afterDatasetsDraw: (chart: ScaledChart) => {
      const { ctx } = chart;
      const values = chart.scales[sideways ? "x" : "y"];
      if (values === undefined) return;
      ctx.save();
      ctx.strokeStyle = alpha(ink, 0.75);
      ctx.lineWidth = 1.25;
      ctx.beginPath();
      const line = (x1: number, y1: number, x2: number, y2: number): void => {
        ctx.moveTo(...((sideways ? [y1, x1] : [x1, y1]) as [number, number]));
        ctx.lineTo(...((sideways ? [y2, x2] : [x2, y2]) as [number, number]));
      };
      for (const [s, { intervals, points }] of series.entries()) {
        const meta = chart.getDatasetMeta(s);
        if (!intervals || meta.hidden) continue;
        for (const [i, element] of meta.data.entries()) {
          const interval = intervals[i];
          const { width, height } = element.getProps(["width", "height"], true);
          const thickness = sideways ? height : width;
          if (!interval || points[i]?.[1] == null || (thickness !== undefined && thickness < kMinBar)) continue;
          const middle = sideways ? element.y : element.x;
          const [low, high] = [values.getPixelForValue(interval[0]), values.getPixelForValue(interval[1])];
          line(middle, low, middle, high);
          for (const end of [low, high]) line(middle - kCap / 2, end, middle + kCap / 2, end);
        }
      }
      ctx.stroke();
      ctx.restore();
    },
  };
}
