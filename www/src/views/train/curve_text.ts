// Sentences about the training curves.
import { percent } from "../../base/format.js";
import type { Epoch, Plan } from "../../net/jobs.js";
import { words } from "./strings.js";

const w = words.curves;

type Metric = "train_loss" | "val_loss" | "train_accuracy" | "val_accuracy" | "lr";

interface Point {
  epoch: number;
  value: number;
}

const pointsOf = (epochs: readonly Epoch[], metric: Metric): Point[] =>
  epochs.flatMap(({ epoch, [metric]: value }) => (typeof value === "number" ? [{ epoch, value }] : []));

const lowest = (points: readonly Point[]): Point => points.reduce((a, b) => (b.value < a.value ? b : a));
const highest = (points: readonly Point[]): Point => points.reduce((a, b) => (b.value > a.value ? b : a));

function format(value: number): string {
  if (value === 0) return "0";
  if (value < 0.001) return value.toExponential(1);
  return value < 0.1 ? value.toPrecision(2) : value.toFixed(2);
}

const kFlatRise = 0.02; // fraction of the lowest loss; a smaller rise counts as flat

export function lossSentence(epochs: readonly Epoch[]): string {
  const loss = pointsOf(epochs, "train_loss");
  const [first, last] = [loss[0], loss.at(-1)];
  if (first === undefined || last === undefined) return w.none;
  return w.lossSentence(format(first.value), format(last.value), loss.length);
}

export function valLossSentence(epochs: readonly Epoch[]): string {
  const val = pointsOf(epochs, "val_loss");
  const now = val.at(-1);
  return now === undefined ? w.none : `${trend(val, now)} ${w.notComparable}`;
}

function trend(val: readonly Point[], now: Point): string {
  const best = lowest(val);
  if (best === now) return w.valLowest(format(now.value));
  if (now.value - best.value < kFlatRise * best.value) return w.valFlat(format(now.value), best.epoch);
  return w.valRose(format(now.value), format(best.value), best.epoch, now.epoch - best.epoch);
}

const kOverfittingGap = 0.05; // training accuracy minus validation accuracy, as a fraction

// When only the last layer is trained, the training set consists mostly of replayed features, so a gap between the
// two accuracies means nothing.
export function accuracySentence(epochs: readonly Epoch[], mode: Plan["mode"] | undefined): string {
  const train = pointsOf(epochs, "train_accuracy").at(-1);
  if (train === undefined) return w.none;
  const sentences = [w.accuracySentence(percent(train.value), train.epoch)];
  const val = pointsOf(epochs, "val_accuracy").at(-1);
  if (val !== undefined) {
    const gap = train.value - val.value;
    sentences.push(w.valAccuracy(percent(val.value)));
    if (mode === "full" && gap > kOverfittingGap) sentences.push(w.gap((100 * gap).toFixed(1)));
  }
  return sentences.join(" ");
}

export function rateSentence(epochs: readonly Epoch[]): string {
  const rates = pointsOf(epochs, "lr");
  const [first, last] = [rates[0], rates.at(-1)];
  if (first === undefined || last === undefined) return w.none;
  if (rates.length === 1) return w.rateOne(format(first.value));
  const top = highest(rates);
  const [from, to] = [format(first.value), format(last.value)];
  if (top.value === lowest(rates).value) return w.rateConstant(from);
  if (!isUnimodal(rates, rates.indexOf(top))) return w.rateVaries(from, to);
  if (top.value === last.value) return w.rateRises(from, to);
  return top.value === first.value ? w.rateFalls(from, to) : w.ratePeaks(from, format(top.value), top.epoch, to);
}

// Whether the values rise up to the peak and fall after it.
function isUnimodal(points: readonly Point[], peak: number): boolean {
  return points.every(({ value }, i) => {
    const before = points[i - 1]?.value;
    if (before === undefined) return true;
    return i <= peak ? value >= before : value <= before;
  });
}

export function curveCaveat(epochs: readonly Epoch[]): string | undefined {
  return epochs.length > 0 && epochs.length < 3 ? w.few(epochs.length) : undefined;
}
