// Bins of the prediction statistics, and the sentences about them.
import { clock, count, percent } from "../../base/format.js";
import type { SeriesPoint } from "../../net/service.js";
import { words } from "./strings.js";

export type Span = "hour" | "day" | "week";
export const spans: readonly Span[] = ["hour", "day", "week"];

const kMinute = 60_000;
export const spanHours: Record<Span, number> = { hour: 1, day: 24, week: 168 };
// Width of a bar in milliseconds, for about 50 bars in each span.
const kBinWidth: Record<Span, number> = { hour: kMinute, day: 30 * kMinute, week: 180 * kMinute };

export interface Bin {
  start: number; // milliseconds since 1970
  certain: number; // predictions
  uncertain: number;
}

const totalOf = ({ certain, uncertain }: Bin): number => certain + uncertain;
const sumOf = (bins: readonly Bin[]): number => bins.reduce((sum, bin) => sum + totalOf(bin), 0);

// The server leaves out minutes without predictions; they are zeros here. The last bin contains `now`.
export function toBins(points: readonly SeriesPoint[], span: Span, now: number): Bin[] {
  const width = kBinWidth[span];
  const last = Math.floor(now / width);
  const number = Math.round((spanHours[span] * 60 * kMinute) / width);
  const bins = Array.from({ length: number }, (_, i) => ({
    start: (last - number + 1 + i) * width,
    certain: 0,
    uncertain: 0,
  }));
  for (const { time, predictions, uncertain } of points) {
    const bin = bins[number - 1 - (last - Math.floor(Date.parse(time) / width))];
    if (bin === undefined) continue;
    bin.certain += predictions - uncertain;
    bin.uncertain += uncertain;
  }
  return bins;
}

// Predictions in the last 60 seconds, estimated from minute counts: those of the current minute, and a part of
// those of the minute before, as if they were spread evenly.
export function perMinute(points: readonly SeriesPoint[], now: number): number {
  const minute = Math.floor(now / kMinute);
  const countOf = (wanted: number): number =>
    points.find(({ time }) => Math.floor(Date.parse(time) / kMinute) === wanted)?.predictions ?? 0;
  return countOf(minute) + countOf(minute - 1) * (1 - (now / kMinute - minute));
}

export function sentence(bins: readonly Bin[], span: Span): string {
  const w = words.overTime;
  const total = sumOf(bins);
  if (total === 0) return w.none(w.spans[span]);
  const busiest = bins.reduce((a, b) => (totalOf(b) > totalOf(a) ? b : a));
  const uncertain = bins.reduce((sum, bin) => sum + bin.uncertain, 0);
  const at = binLabel(busiest.start, span);
  return w.sentence(w.spans[span], total, count(totalOf(busiest)), at, percent(uncertain / total));
}

const kFewPredictions = 30;

export function caveat(bins: readonly Bin[]): string | undefined {
  const total = sumOf(bins);
  return total > 0 && total < kFewPredictions ? words.overTime.few(total) : undefined;
}

export function binLabel(start: number, span: Span): string {
  if (span !== "week") return clock(start);
  return `${new Date(start).toLocaleDateString(undefined, { weekday: "short" })} ${clock(start)}`;
}
