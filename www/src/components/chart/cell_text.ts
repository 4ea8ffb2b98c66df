// Numbers in the cells of a matrix chart.
import { brightness, type Palette } from "./palette.js";

// Pixels.
export const kFontSize = 12;
const kMinFontSize = 7;

export interface MatrixCell {
  x: number;
  y: number;
  value: number;
  shade: number; // -1 to 1
}

// The part of Chart that is used.
interface MatrixChart {
  ctx: CanvasRenderingContext2D;
  getDatasetMeta(index: number): { data: unknown[] };
}

// Amber is a light colour in both themes.
function textOn(shade: number, { ink, surface }: Palette): string {
  if (Math.abs(shade) <= 0.55) return ink;
  return shade < 0 && brightness(ink) < brightness(surface) ? ink : surface;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

// The largest font size in pixels with which every text fits its box; undefined: none that is readable. Showing only
// the texts that fit would hide the largest numbers.
function fontSizeFor(
  texts: readonly string[],
  boxes: readonly Box[],
  widthOf: (text: string, size: number) => number,
): number | undefined {
  const fits = (size: number): boolean =>
    boxes.every(({ width, height }, i) => height >= size + 2 && widthOf(texts[i] ?? "", size) <= width - 2);
  for (let size = kFontSize; size >= kMinFontSize; --size) if (fits(size)) return size;
  return undefined;
}

// A plugin that writes the numbers into the cells: all of them, or none if they do not fit.
export function cellText(cells: readonly MatrixCell[], format: (value: number) => string, colours: Palette) {
  const texts = cells.map(({ value }) => format(value));
  return {
    id: "cell-text",
    afterDatasetsDraw(chart: MatrixChart) {
      const { ctx } = chart;
      const boxes = chart.getDatasetMeta(0).data as Box[];
      const font = (size: number): string => `${size}px ${colours.font}`;
      ctx.save();
      const size = fontSizeFor(texts, boxes, (text, at) => {
        ctx.font = font(at);
        return ctx.measureText(text).width;
      });
      if (size !== undefined) {
        ctx.font = font(size);
        ctx.textAlign = "center";
        ctx.textBaseline = "middle";
        for (const [i, box] of boxes.entries()) {
          ctx.fillStyle = textOn(cells[i]?.shade ?? 0, colours);
          ctx.fillText(texts[i] ?? "", box.x + box.width / 2, box.y + box.height / 2);
        }
      }
      ctx.restore();
    },
  };
}
