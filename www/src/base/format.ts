// Human-readable numbers and times in the locale of strings.ts.
import { locale, words } from "./strings.js";

const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });

export const count = (n: number): string => integer.format(n);

// 0.97312 -> "97.3 %". Only exactly 1 and 0 give "100.0 %" and "0.0 %".
// `short` leaves out ".0", for the ticks of an axis.
export function percent(p: number, short = false): string {
  const rounded = Math.round(p * 1000) / 10;
  if (rounded === 100 && p < 1) return "> 99.9 %";
  if (rounded === 0 && p > 0) return "< 0.1 %";
  return `${short ? rounded : rounded.toFixed(1)} %`;
}

// At most three significant digits: "0.34 ms", "12.3 ms", "1.20 s".
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2)} ms`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(1)} MB`;
  return `${(n / 1e9).toFixed(2)} GB`;
}

// A small difference with two significant digits and no exponent: "0", "0.00000012", "0.0034".
export function difference(d: number): string {
  if (d === 0) return "0";
  const digits = Math.min(12, Math.max(2, 1 - Math.floor(Math.log10(d))));
  return d.toFixed(digits);
}

// Three significant digits: 847402 -> "847K".
export function roughly(n: number): string {
  return new Intl.NumberFormat(locale, {
    notation: "compact",
    compactDisplay: "short",
    maximumSignificantDigits: 3,
  }).format(n);
}

// A rate: "0", "0.4", "12", "1,240".
export function rate(n: number): string {
  return n > 0 && n < 9.95 ? n.toFixed(1) : count(n);
}

export function day(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString(locale, { year: "numeric", month: "long", day: "numeric" });
}

export function moment(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" });
}

// Replaces the times "2026-01-31 14:03 UTC" in a sentence of the server by those of the viewer's time zone.
export const inLocalTime = (text: string): string =>
  text.replace(/(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?: UTC|Z)/g, (_, date: string, time: string) =>
    new Date(`${date}T${time}Z`).toLocaleString(locale, {
      dateStyle: "medium",
      timeStyle: time.length > 5 ? "medium" : "short",
    }),
  );

// "14:03"
export function clock(time: number): string {
  return new Date(time).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

const units = ["second", "minute", "hour", "day", "month", "year"] as const;
const lengths = [1, 60, 3600, 86_400, 2_629_746, 31_556_952];

function largestUnit(seconds: number): number {
  let i = units.length - 1;
  while (i > 0 && seconds < (lengths[i] ?? 0)) --i;
  return i;
}

// "just now", "3 minutes ago", "2 days ago"
export function ago(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return iso;
  if (seconds < 5) return words.justNow;
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const i = largestUnit(seconds);
  return relative.format(-Math.floor(seconds / (lengths[i] ?? 1)), units[i] ?? "second");
}

// A duration with at most two units: "42 s", "3 min 5 s", "2 h 14 min", "12 d 3 h".
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([n], i) => n > 0 || i === 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(" ");
}

// Isolates a name that may be written from right to left from the text around it, where <bdi> is not possible
// (Unicode FSI and PDI).
export const isolated = (name: string): string => `\u2068${name}\u2069`;

// An estimated duration, rounded so that it does not look exact: "20 s", "3 min", "1 h 10 min"
export function roughTime(seconds: number): string {
  const roundTo = (step: number): number => Math.max(step, Math.round(seconds / step) * step);
  if (seconds < 10) return duration(Math.max(1, Math.round(seconds)));
  if (seconds < 90) return duration(roundTo(5));
  if (seconds < 600) return duration(roundTo(30));
  return duration(roundTo(60));
}
