// A chart as an image that can stand alone: with its title, its sentence and a ground.
import { words } from "../../base/strings.js";
import { palette } from "./palette.js";

const kImage = { margin: 24, title: 20, text: 14 };

export function toImage(canvas: HTMLCanvasElement, title: string, sentence: string): Promise<Blob> {
  const colours = palette();
  const dots = canvas.width / Math.max(1, canvas.clientWidth);
  const out = document.createElement("canvas");
  const pen = out.getContext("2d");
  if (pen === null) return Promise.reject(new Error(words.components.noChart));
  const { margin, title: big, text: small } = kImage;
  const width = canvas.clientWidth;
  pen.font = `${small}px ${colours.font}`;
  const lines = wrap(sentence, (text) => pen.measureText(text).width <= width);
  const top = margin + big * 1.4 + lines.length * small * 1.5 + small;
  out.width = (width + 2 * margin) * dots;
  out.height = (top + canvas.clientHeight + margin) * dots;
  pen.scale(dots, dots);
  pen.fillStyle = colours.surface;
  pen.fillRect(0, 0, out.width, out.height);
  pen.fillStyle = colours.ink;
  pen.font = `600 ${big}px ${colours.font}`;
  pen.fillText(title, margin, margin + big);
  pen.font = `${small}px ${colours.font}`;
  lines.forEach((line, i) => pen.fillText(line, margin, margin + big * 1.4 + (i + 1) * small * 1.5));
  pen.drawImage(canvas, margin, top, width, canvas.clientHeight);
  return new Promise((resolve, fail) =>
    out.toBlob((blob) => (blob ? resolve(blob) : fail(new Error(words.components.noChart))), "image/png"),
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
