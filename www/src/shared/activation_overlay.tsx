// What of an image counts for a class, as a translucent layer over the image: the stronger the colour, the more the
// place contributes to the score of the class. Places that count against it stay clear.

import { useEffect, useRef } from "preact/hooks";
import type { ActivationMap, Fit } from "../inference/types.js";

export interface ActivationOverlayProps {
  map: ActivationMap;
  fit: Fit; // how the network sees the image
  width: number; // of the image, pixels
  height: number;
  label: string; // text alternative
}

const kRgb = [217, 60, 20] as const;
const kStrongest = 0.7; // opacity

export function ActivationOverlay({ map, fit, width, height, label }: ActivationOverlayProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    context?.putImageData(new ImageData(opacities(map), map.size, map.size), 0, 0);
  }, [map]);
  const { x, y, w, h } = seenPart(fit, width, height);
  const part = (n: number): string => `${(100 * n).toFixed(3)}%`;
  return (
    <canvas
      ref={canvas}
      class="activation"
      role="img"
      aria-label={label}
      width={map.size}
      height={map.size}
      style={{ insetInlineStart: part(x), insetBlockStart: part(y), inlineSize: part(w), blockSize: part(h) }}
    />
  );
}

// RGBA pixels. The opacity is the square of the value, which makes the important places stand out; the largest value
// has the strongest colour, values below 0 have none.
export function opacities({ size, values }: ActivationMap): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * size * size);
  const largest = Math.max(...values, 0);
  for (const [i, value] of values.entries()) {
    const strength = largest > 0 ? Math.max(value, 0) / largest : 0;
    pixels.set([...kRgb, 255 * kStrongest * strength ** 2], 4 * i);
  }
  return pixels;
}

// The square that the network sees, in fractions of the image. With "pad" it is larger than the image.
export function seenPart(fit: Fit, width: number, height: number): { x: number; y: number; w: number; h: number } {
  if (fit === "stretch") return { x: 0, y: 0, w: 1, h: 1 };
  const side = fit === "crop" ? Math.min(width, height) : Math.max(width, height);
  return { x: (1 - side / width) / 2, y: (1 - side / height) / 2, w: side / width, h: side / height };
}
