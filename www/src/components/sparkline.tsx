// A small line or bar chart without axes, shown next to a number. null values are gaps.
import { useId } from "preact/hooks";

export interface SparklineProps {
  values: readonly (number | null)[];
  label: string; // the same as text
  from?: number; // lower end of the scale; default: the smallest value
  kind?: "line" | "bars";
}

const kWidth = 120;
const kHeight = 32;
const kInset = 2;

export interface Scale {
  x: (i: number) => number;
  y: (value: number) => number;
}

export function scale(values: readonly (number | null)[], from?: number): Scale {
  const known = values.filter((value): value is number => value !== null);
  const low = from ?? Math.min(...known);
  const span = Math.max(...known) - low || 1; // equal values: a line at the bottom
  const step = values.length > 1 ? (kWidth - 2 * kInset) / (values.length - 1) : 0;
  return {
    x: (i) => kInset + i * step,
    y: (value) => kHeight - kInset - ((value - low) / span) * (kHeight - 2 * kInset),
  };
}

// An SVG path, "M0 10 L5 12 M20 3 L25 4": a new line after each gap.
export function linePath(values: readonly (number | null)[], { x, y }: Scale): string {
  let drawn = false;
  return values
    .map((value, i) => {
      if (value === null) {
        drawn = false;
        return "";
      }
      const command = `${drawn ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      drawn = true;
      return command;
    })
    .join("");
}

export function Sparkline({ values, label, from, kind = "line" }: SparklineProps) {
  const id = useId();
  const known = values.some((value) => value !== null);
  const { x, y } = scale(values, from);
  const width = Math.max(1, (kWidth - 2 * kInset) / Math.max(1, values.length) - 1);
  return (
    <svg
      class={`sparkline ${kind}`}
      viewBox={`0 0 ${kWidth} ${kHeight}`}
      preserveAspectRatio="none"
      role="img"
      aria-labelledby={id}
    >
      <title id={id}>{label}</title>
      {known && kind === "line" && <path d={linePath(values, { x, y })} />}
      {known &&
        kind === "bars" &&
        values.map((value, i) => {
          if (value === null || value === 0) return null;
          const left = kInset + (i * (kWidth - 2 * kInset)) / values.length;
          return <rect key={i} x={left} width={width} y={y(value)} height={kHeight - y(value)} />;
        })}
    </svg>
  );
}
