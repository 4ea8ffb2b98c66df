// The differences between two evaluations, and sentences about them.
import { percent } from "../../base/format.js";
import { images } from "../../base/plural.js";
import type { EvaluationDocument } from "../../net/models.js";
import { words } from "./strings.js";

const w = words.compare;
const kFewImages = 20; // of a class

export interface MetricRow {
  id: string;
  a: number | undefined;
  b: number | undefined;
  lowerIsBetter: boolean;
}

const lowerIsBetter = new Set(["log_loss", "brier", "ece"]);
const fractions = new Set(["accuracy", "macro_f1", "macro_precision", "macro_recall", "ece"]);

export function metricRows(a: EvaluationDocument, b: EvaluationDocument): MetricRow[] {
  const metric = (document: EvaluationDocument, id: string): number | undefined => {
    const value = document.metrics?.[id];
    return typeof value === "number" ? value : undefined;
  };
  return Object.keys(w.metrics)
    .map((id) => ({ id, a: metric(a, id), b: metric(b, id), lowerIsBetter: lowerIsBetter.has(id) }))
    .filter((row) => row.a !== undefined || row.b !== undefined);
}

export function metricText(id: string, value: number | undefined): string {
  if (value === undefined) return "–";
  return fractions.has(id) ? percent(value) : value.toFixed(3);
}

// b minus a, fractions in percentage points
export function metricDifference({ id, a, b }: MetricRow): string {
  if (a === undefined || b === undefined) return "–";
  return fractions.has(id) ? signed(100 * (b - a), 1) : signed(b - a, 3);
}

// "+1.2", "−0.4", "±0.0"
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return `${Number(text) === 0 ? "±" : value > 0 ? "+" : "−"}${text}`;
}

export function betterSide({ a, b, lowerIsBetter: lower }: MetricRow): "a" | "b" | undefined {
  if (a === undefined || b === undefined || a === b) return undefined;
  return b > a !== lower ? "b" : "a";
}

function accuracyInterval(document: EvaluationDocument): [number, number] | undefined {
  const value = document.metrics?.accuracy_interval;
  if (!Array.isArray(value)) return undefined;
  const [low, high] = value;
  return typeof low === "number" && typeof high === "number" ? [low, high] : undefined;
}

// Whether both were measured on the same split of the same data, so that the classes can be compared.
export function isSameData({ data: a = {} }: EvaluationDocument, { data: b = {} }: EvaluationDocument): boolean {
  return a.revision !== undefined && a.revision === b.revision && a.split === b.split;
}

// Whether both were measured on the same images. On the same data, the images differ when one version does not have
// all classes: images of other classes are left out.
export const isSameImages = (a: EvaluationDocument, b: EvaluationDocument): boolean =>
  isSameData(a, b) && a.data?.count === b.data?.count;

// Which version has the higher accuracy, and whether the difference may be chance.
export function accuracySentence(
  a: EvaluationDocument,
  b: EvaluationDocument,
  numbers: readonly [number, number],
): string {
  const [before, after] = [a.metrics?.accuracy, b.metrics?.accuracy];
  if (typeof before !== "number" || typeof after !== "number") return "";
  if (!isSameImages(a, b)) {
    const first = w.measured(numbers[0], percent(before), imagesOf(a));
    const second = w.measured(numbers[1], percent(after), imagesOf(b));
    return `${first} ${second} ${isSameData(a, b) ? w.otherClasses : w.otherImages}`;
  }
  if (before === after) return w.same(percent(before));
  const [low, high] = before < after ? [before, after] : [after, before];
  const better = before < after ? numbers[1] : numbers[0];
  const sentence = w.sentence(better, percent(high), percent(low), (100 * (high - low)).toFixed(1));
  const [intervalA, intervalB] = [accuracyInterval(a), accuracyInterval(b)];
  if (!intervalA || !intervalB) return sentence;
  const overlap = intervalA[0] <= intervalB[1] && intervalB[0] <= intervalA[1];
  return `${sentence} ${overlap ? w.overlap : w.apart}`;
}

export const imagesOf = ({ data }: EvaluationDocument): string =>
  data?.count === undefined ? w.someImages : images(data.count);

// The classes that only one of the two versions has.
export function caveats(a: EvaluationDocument, b: EvaluationDocument, numbers: readonly [number, number]): string[] {
  const onlyIn = (document: EvaluationDocument, other: EvaluationDocument, number: number): string[] => {
    const names = (document.classes ?? []).filter((name) => !other.classes?.includes(name));
    if (names.length === 0) return [];
    const tested = (document.per_class ?? [])
      .filter(({ name }) => names.includes(name))
      .reduce((sum, { support }) => sum + support, 0);
    return [w.onlyOne(number, names, tested, imagesOf(document))];
  };
  return [...onlyIn(a, b, numbers[0]), ...onlyIn(b, a, numbers[1])];
}

export interface ClassRow {
  name: string;
  a: number | undefined; // recall
  b: number | undefined;
  support: [number, number];
  inBoth: boolean;
}

// All classes: those of b in its order, then those that only a has.
export function classRows(a: EvaluationDocument, b: EvaluationDocument): ClassRow[] {
  const byName = (document: EvaluationDocument) => new Map((document.per_class ?? []).map((row) => [row.name, row]));
  const [before, after] = [byName(a), byName(b)];
  return [...new Set([...after.keys(), ...before.keys()])].map((name) => {
    const [rowA, rowB] = [before.get(name), after.get(name)];
    const recall = (row: typeof rowA): number | undefined =>
      row && row.support > 0 && row.recall !== null ? row.recall : undefined;
    return {
      name,
      a: recall(rowA),
      b: recall(rowB),
      support: [rowA?.support ?? 0, rowB?.support ?? 0],
      inBoth: rowA !== undefined && rowB !== undefined,
    };
  });
}

// `sameData`: isSameData()
export function classesSentence(rows: readonly ClassRow[], sameData: boolean): string {
  const changes = rows.flatMap(({ name, a, b }) => (a === undefined || b === undefined ? [] : [{ name, by: b - a }]));
  const shared = rows.filter(({ inBoth }) => inBoth);
  if (shared.length === 0) return w.noClasses;
  if (changes.length === 0) return w.noneTested(shared.length);
  if (!sameData) return w.classesApart(changes.length);
  const best = changes.reduce((x, y) => (y.by > x.by ? y : x));
  const worst = changes.reduce((x, y) => (y.by < x.by ? y : x));
  const points = (by: number): string => signed(100 * by, 1);
  if (best.by <= 0 && worst.by >= 0) return w.classesSame;
  if (worst.by >= 0) return w.classesGain(best.name, points(best.by));
  if (best.by <= 0) return w.classesLoss(worst.name, points(worst.by));
  return w.classesSentence(best.name, points(best.by), worst.name, points(worst.by));
}

export function fewImagesCaveat(rows: readonly ClassRow[]): string | undefined {
  const isFew = (recall: number | undefined, n: number): boolean => recall !== undefined && n < kFewImages;
  const names = rows
    .filter(({ a, b, support }) => isFew(a, support[0]) || isFew(b, support[1]))
    .map(({ name }) => name);
  return names.length === 0 ? undefined : w.few(names, kFewImages);
}

export interface ConfusionDifference {
  rows: string[]; // true classes
  columns: string[]; // predicted classes
  points: number[][]; // [row][column]: percentage points, b minus a
}

// The change of each cell of the confusion matrix, as a fraction of the images of the true class. Classes that only
// one version has are columns, but not rows, since there is nothing to compare.
export function confusionDifference(a: EvaluationDocument, b: EvaluationDocument): ConfusionDifference | undefined {
  const [before, after] = [rowFractions(a), rowFractions(b)];
  if (before === undefined || after === undefined) return undefined;
  const columns = [...new Set([...(b.classes ?? []), ...(a.classes ?? [])])];
  const rows = columns.filter((name) => before.has(name) && after.has(name));
  const change = (row: string, column: string): number =>
    (after.get(row)?.get(column) ?? 0) - (before.get(row)?.get(column) ?? 0);
  return { rows, columns, points: rows.map((row) => columns.map((column) => 100 * change(row, column))) };
}

// True class -> predicted class -> fraction of the images of the true class.
function rowFractions({ classes, confusion }: EvaluationDocument): Map<string, Map<string, number>> | undefined {
  if (classes === undefined || confusion?.length !== classes.length) return undefined;
  const fractionsByClass = new Map<string, Map<string, number>>();
  classes.forEach((name, row) => {
    const counts = confusion[row] ?? [];
    const all = counts.reduce((sum, n) => sum + n, 0);
    if (all > 0) fractionsByClass.set(name, new Map(classes.map((column, i) => [column, (counts[i] ?? 0) / all])));
  });
  return fractionsByClass;
}

// `sameData`: isSameData()
export function differenceSentence({ rows, columns, points }: ConfusionDifference, sameData: boolean): string {
  if (!sameData) return w.matrixApart;
  const cells = points.flatMap((line, row) =>
    line.map((by, column) => ({ row: rows[row] ?? "", column: columns[column] ?? "", by })),
  );
  // Off the diagonal only increases count: a mistake that became rarer shows on the diagonal.
  const size = ({ row, column, by }: (typeof cells)[0]): number => (row === column ? Math.abs(by) : by);
  const most = cells.reduce((a, b) => (size(b) > size(a) ? b : a), { row: "", column: "", by: 0 });
  const by = Math.abs(most.by).toFixed(1);
  if (Number(by) === 0) return w.matrixSame;
  if (most.row !== most.column) return w.matrixSentence(most.row, most.column, by);
  return most.by > 0 ? w.matrixGain(most.row, by) : w.matrixLoss(most.row, by);
}
