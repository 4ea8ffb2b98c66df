// A chart as a PNG with its title, its sentence and a background.
import { words } from "../../base/strings.js";
import { palette } from "./palette.js";

const kImage = { margin: 24, title: 20, text: 14 }; // pixels

export function toImage(canvas: HTMLCanvasElement, title: string, sentence: string): Promise<Blob> {
  const colours = palette();
  const pixelRatio = canvas.width / Math.max(1, canvas.clientWidth);
  const out = document.createElement("canvas");
  const context = out.getContext("2d");
  if (context === null) return Promise.reject(new Error(words.components.noChart));
  const { margin, title: big, text: small } = kImage;
  const width = canvas.clientWidth;
  context.font = `${small}px ${colours.font}`;
  const lines = wrap(sentence, (text) => context.measureText(text).width <= width);
  const top = margin + big * 1.4 + lines.length * small * 1.5 + small;
  out.width = (width + 2 * margin) * pixelRatio;
  out.height = (top + canvas.clientHeight + margin) * pixelRatio;
  context.scale(pixelRatio, pixelRatio);
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, out.width, out.height);
  context.fillStyle = colours.ink;
  context.font = `600 ${big}px ${colours.font}`;
  context.fillText(title, margin, margin + big);
  context.font = `${small}px ${colours.font}`;
  for (const [i, line] of lines.entries()) {
    context.fillText(line, margin, margin + big * 1.4 + (i + 1) * small * 1.5);
  }
  context.drawImage(canvas, margin, top, width, canvas.clientHeight);
  return new Promise((resolve, reject) =>
    out.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(words.components.noChart))), "image/png"),
  );
}

function wrap(text: string, fits: (line: string) => boolean): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && !fits(longer)) lines.push(line);
    line = line !== "" && !fits(longer) ? word : longer;
  }
  return line === "" ? lines : [...lines, line];
}
