// Numbers as people read them. Language: strings.ts.
import { locale } from "./strings.js";

const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });

export const count = (n: number): string => integer.format(n);

// 0.97312 -> "97.3 %". Never "100.0 %" or "0.0 %" for what is neither.
export function percent(p: number): string {
  const rounded = Math.round(p * 1000) / 10;
  if (rounded === 100 && p < 1) return "> 99.9 %";
  if (rounded === 0 && p > 0) return "< 0.1 %";
  return `${rounded.toFixed(1)} %`;
}

// Three figures at most: "0.34 ms", "12.3 ms", "1.20 s".
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2)} ms`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} kB`;
  return `${(n / 1e6).toFixed(1)} MB`;
}

// A tiny difference in a form that can be read aloud: 0, "0.00000012", "0.0034".
export function difference(d: number): string {
  if (d === 0) return "0";
  const digits = Math.min(12, Math.max(2, 1 - Math.floor(Math.log10(d))));
  return d.toFixed(digits);
}

// Large counts in words' distance: 847402 -> "847 thousand"; exact below ten thousand.
export function roughly(n: number): string {
  return new Intl.NumberFormat(locale, {
    notation: "compact",
    compactDisplay: "short",
    maximumSignificantDigits: 3,
  }).format(n);
}

export function day(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString(locale, { year: "numeric", month: "long", day: "numeric" });
}
