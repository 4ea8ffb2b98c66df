// The mark of Fovea, as a picture of what the word means: cells of a retina, small and close in the
// middle, larger and further apart outwards, and one bright spot. A sunflower spiral.
import { svg } from "./dom.js";

const kGoldenAngle = Math.PI * (3 - Math.sqrt(5));

export function mosaic(cells: number, spread: number): SVGElement {
  const root = svg("svg", {
    class: "mosaic",
    viewBox: "-500 -500 1000 1000",
    "aria-hidden": "true",
    focusable: "false",
  });
  for (let i = 1; i <= cells; ++i) {
    const share = i / cells;
    const radius = 16 + spread * Math.pow(share, 0.95);
    const cell = svg("circle", {
      cx: (radius * Math.cos(i * kGoldenAngle)).toFixed(1),
      cy: (radius * Math.sin(i * kGoldenAngle)).toFixed(1),
      r: (1.5 + 11 * share).toFixed(2),
      opacity: (1 - 0.75 * Math.pow(share, 0.7)).toFixed(2),
    });
    root.append(cell);
  }
  root.append(svg("circle", { class: "spot", cx: 0, cy: 0, r: 13 }));
  return root;
}
