// The colours of charts in the current theme.
import type { Colour } from "./spec.js";

export interface Palette {
  ink: string;
  muted: string;
  line: string;
  surface: string;
  server: string;
  page: string;
  bad: string;
  classes: string[];
  font: string;
}

// Reads the custom properties of style/tokens.css.
export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ink: read("--ink"),
    muted: read("--muted"),
    line: read("--line"),
    surface: read("--surface"),
    server: read("--server"),
    page: read("--page"),
    bad: read("--bad"),
    classes: Array.from({ length: 10 }, (_, i) => read(`--class-${i}`)),
    font: getComputedStyle(document.body).fontFamily,
  };
}

export const colourOf = (colour: Colour, { classes, ...colours }: Palette): string =>
  typeof colour === "number" ? (classes[colour % classes.length] ?? colours.ink) : colours[colour];

// "#rrggbb" with an alpha channel; `opacity` from 0 to 1.
export const alpha = (colour: string, opacity: number): string =>
  colour +
  Math.round(opacity * 255)
    .toString(16)
    .padStart(2, "0");

// The luma of "#rrggbb", 0 to 255 (Rec. 709).
export function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
