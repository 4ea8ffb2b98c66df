// What the numbers of the overview say: arithmetic and sentences, apart from how they look.
import { clock, count, percent } from "../../base/format.js";
import type { SeriesPoint } from "../../net/service.js";
import { words } from "./strings.js";

export type Span = "hour" | "day" | "week";
export const spans: readonly Span[] = ["hour", "day", "week"];

const kMinute = 60_000;
export const spanHours: Record<Span, number> = { hour: 1, day: 24, week: 168 };
// Milliseconds that one bar stands for: some fifty bars each.
const kBarOf: Record<Span, number> = { hour: kMinute, day: 30 * kMinute, week: 180 * kMinute };

export interface Bin {
  start: number; // milliseconds since 1970
  sure: number;
  unsure: number;
}

// The server tells only of times in which something was answered; the others are zeros here. The last bin
// is the one that `now` lies in.
export function bins(points: readonly SeriesPoint[], span: Span, now: number): Bin[] {
  const width = kBarOf[span];
  const last = Math.floor(now / width);
  const number = Math.round((spanHours[span] * 60 * kMinute) / width);
  const all = Array.from({ length: number }, (_, i) => ({ start: (last - number + 1 + i) * width, sure: 0, unsure: 0 }));
  for (const { time, predictions, uncertain } of points) {
    const bin = all[number - 1 - (last - Math.floor(Date.parse(time) / width))];
    if (bin === undefined) continue;
    bin.sure += predictions - uncertain;
    bin.unsure += uncertain;
  }
  return all;
}

// Answers within the last 60 seconds: this minute's, and of the minute before the share that still counts,
// as if they had come evenly.
export function perMinute(points: readonly SeriesPoint[], now: number): number {
  const minute = Math.floor(now / kMinute);
  const of = (wanted: number): number =>
    points.find(({ time }) => Math.floor(Date.parse(time) / kMinute) === wanted)?.predictions ?? 0;
  return of(minute) + of(minute - 1) * (1 - (now / kMinute - minute));
}

const kFew = 30;

export function answersSentence(all: readonly Bin[], span: Span): string {
  const w = words.answers;
  const total = all.reduce((sum, { sure, unsure }) => sum + sure + unsure, 0);
  if (total === 0) return w.none(w.spans[span]);
  const busiest = all.reduce((a, b) => (b.sure + b.unsure > a.sure + a.unsure ? b : a));
  const unsure = all.reduce((sum, bin) => sum + bin.unsure, 0);
  return w.sentence(w.spans[span], total, count(total), count(busiest.sure + busiest.unsure), binLabel(busiest.start, span), percent(unsure / total));
}

export function answersCaveat(all: readonly Bin[]): string | undefined {
  const total = all.reduce((sum, { sure, unsure }) => sum + sure + unsure, 0);
  return total > 0 && total < kFew ? words.answers.thin(count(total)) : undefined;
}

export function binLabel(start: number, span: Span): string {
  if (span !== "week") return clock(start);
  return `${new Date(start).toLocaleDateString(undefined, { weekday: "short" })} ${clock(start)}`;
}
