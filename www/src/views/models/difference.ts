// Two evaluations side by side: arithmetic and sentences, apart from how they look.
import { count, percent } from "../../base/format.js";
import type { EvaluationDocument } from "../../net/models.js";
import { words } from "./strings.js";

const kNamed = 5; // classes called by name
const kFew = 20; // images of a class

export function listed(names: readonly string[]): string {
  const shown = names.length > kNamed ? [...names.slice(0, kNamed), "…"] : names;
  return shown.length < 2 ? (shown[0] ?? "") : words.compare.and(shown.slice(0, -1).join(", "), shown.at(-1) ?? "");
}

export interface MetricRow {
  id: string;
  a: number | undefined;
  b: number | undefined;
  lowIsGood: boolean;
}

const lowIsGood = new Set(["log_loss", "brier", "ece"]);

export function metricRows(a: EvaluationDocument, b: EvaluationDocument): MetricRow[] {
  const number = (document: EvaluationDocument, id: string): number | undefined => {
    const value = document.metrics?.[id];
    return typeof value === "number" ? value : undefined;
  };
  return Object.keys(words.compare.metrics)
    .map((id) => ({ id, a: number(a, id), b: number(b, id), lowIsGood: lowIsGood.has(id) }))
    .filter((row) => row.a !== undefined || row.b !== undefined);
}

const shareIds = new Set(["accuracy", "macro_f1", "macro_precision", "macro_recall", "ece"]);
export const metricText = (id: string, value: number | undefined): string => (value === undefined ? "–" : shareIds.has(id) ? percent(value) : value.toFixed(3));

export const metricDifference = ({ id, a, b }: MetricRow): string =>
  a === undefined || b === undefined ? "–" : shareIds.has(id) ? `${plus(100 * (b - a), 1)}` : plus(b - a, 3);

// "+1.2", "−0.4", "±0.0"
export function plus(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return `${Number(text) === 0 ? "±" : value > 0 ? "+" : "−"}${text}`;
}

export const better = ({ a, b, lowIsGood: low }: MetricRow): "a" | "b" | undefined =>
  a === undefined || b === undefined || a === b ? undefined : b > a !== low ? "b" : "a";

function interval(document: EvaluationDocument): [number, number] | undefined {
  const found = document.metrics?.["accuracy_interval"];
  return Array.isArray(found) && typeof found[0] === "number" && typeof found[1] === "number" ? [found[0], found[1]] : undefined;
}

// Whether a class's images in the one are those in the other: the same split of the same data.
export function sameData({ data: a = {} }: EvaluationDocument, { data: b = {} }: EvaluationDocument): boolean {
  return a.revision !== undefined && a.revision === b.revision && a.split === b.split;
}

// Images of classes that a version does not know are left out: then a version was asked less than the other.
export const sameImages = (a: EvaluationDocument, b: EvaluationDocument): boolean => sameData(a, b) && a.data?.count === b.data?.count;

// Which of the two is right more often, and whether that may be chance. On different images that is not known.
export function accuracySentence(a: EvaluationDocument, b: EvaluationDocument, numbers: readonly [number, number]): string {
  const w = words.compare;
  const [before, after] = [a.metrics?.["accuracy"], b.metrics?.["accuracy"]];
  if (typeof before !== "number" || typeof after !== "number") return "";
  if (!sameImages(a, b)) {
    const side = (document: EvaluationDocument, number: number, share: number): string => w.measured(number, percent(share), imagesOf(document));
    return `${side(a, numbers[0], before)} ${side(b, numbers[1], after)} ${sameData(a, b) ? w.otherClasses : w.noVerdict}`;
  }
  if (before === after) return w.same(percent(before));
  const [low, high] = before < after ? [before, after] : [after, before];
  const told = [w.sentence(before < after ? numbers[1] : numbers[0], percent(high), percent(low), (100 * (high - low)).toFixed(1))];
  const [one, other] = [interval(a), interval(b)];
  if (one && other) told.push(one[0] <= other[1] && other[0] <= one[1] ? w.overlap : w.apart);
  return told.join(" ");
}

export function imagesOf({ data }: EvaluationDocument): string {
  const n = data?.count;
  return n === undefined ? words.compare.someImages : words.compare.images(n, count(n));
}

// Why the comparison is to be taken with care: which classes only one of the two knows, and how much that weighs.
export function caveats(a: EvaluationDocument, b: EvaluationDocument, numbers: readonly [number, number]): string[] {
  const only = (mine: EvaluationDocument, other: EvaluationDocument, number: number): string[] => {
    const names = (mine.classes ?? []).filter((name) => !other.classes?.includes(name));
    if (names.length === 0) return [];
    const tested = (mine.per_class ?? []).filter(({ name }) => names.includes(name)).reduce((sum, { support }) => sum + support, 0);
    return [words.compare.onlyOne(number, listed(names), tested, count(tested), imagesOf(mine))];
  };
  return [...only(a, b, numbers[0]), ...only(b, a, numbers[1])];
}

export interface ClassRow {
  name: string;
  a: number | undefined; // recall
  b: number | undefined;
  support: [number, number];
  known: boolean; // by both
}

// Every class that either knows, in the order of b, then what only a knows.
export function classRows(a: EvaluationDocument, b: EvaluationDocument): ClassRow[] {
  const of = (document: EvaluationDocument) => new Map((document.per_class ?? []).map((one) => [one.name, one]));
  const [before, after] = [of(a), of(b)];
  return [...new Set([...after.keys(), ...before.keys()])].map((name) => {
    const [one, other] = [before.get(name), after.get(name)];
    const recall = (found: typeof one): number | undefined => (found && found.support > 0 && found.recall !== null ? found.recall : undefined);
    return { name, a: recall(one), b: recall(other), support: [one?.support ?? 0, other?.support ?? 0], known: one !== undefined && other !== undefined };
  });
}

const change = ({ a, b }: ClassRow): number | undefined => (a === undefined || b === undefined ? undefined : b - a);

// `same`: sameData().
export function classesSentence(rows: readonly ClassRow[], same: boolean): string {
  const w = words.compare;
  const both = rows.flatMap((row) => (change(row) === undefined ? [] : [{ name: row.name, by: change(row)! }]));
  const shared = rows.filter(({ known }) => known);
  if (shared.length === 0) return w.noClasses;
  if (both.length === 0) return w.noneTested(shared.length);
  if (!same) return w.classesApart(both.length);
  const best = both.reduce((x, y) => (y.by > x.by ? y : x));
  const worst = both.reduce((x, y) => (y.by < x.by ? y : x));
  const text = (by: number): string => plus(100 * by, 1);
  if (best.by <= 0 && worst.by >= 0) return w.classesSame;
  if (worst.by >= 0) return w.classesGain(best.name, text(best.by));
  if (best.by <= 0) return w.classesLoss(worst.name, text(worst.by));
  return w.classesSentence(best.name, text(best.by), worst.name, text(worst.by));
}

export function thinClasses(rows: readonly ClassRow[]): string | undefined {
  const few = (share: number | undefined, n: number): boolean => share !== undefined && n < kFew;
  const thin = rows.filter(({ a, b, support }) => few(a, support[0]) || few(b, support[1]));
  return thin.length === 0 ? undefined : words.compare.thin(listed(thin.map(({ name }) => name)), thin.length, kFew);
}

export interface Difference {
  rows: string[]; // true classes
  columns: string[]; // answers
  points: number[][]; // [row][column]: percentage points, b minus a
}

// How the share of a class's images that get each answer changed. Classes that only one of the two knows
// have no row, for there is nothing to compare, but a column: what they take from the others.
export function confusionDifference(a: EvaluationDocument, b: EvaluationDocument): Difference | undefined {
  const [before, after] = [rowShares(a), rowShares(b)];
  if (before === undefined || after === undefined) return undefined;
  const columns = [...new Set([...(b.classes ?? []), ...(a.classes ?? [])])];
  const rows = columns.filter((name) => before.has(name) && after.has(name));
  const change = (row: string, column: string): number => (after.get(row)?.get(column) ?? 0) - (before.get(row)?.get(column) ?? 0);
  return { rows, columns, points: rows.map((row) => columns.map((column) => 100 * change(row, column))) };
}

function rowShares({ classes, confusion }: EvaluationDocument): Map<string, Map<string, number>> | undefined {
  if (classes === undefined || confusion?.length !== classes.length) return undefined;
  const shares = new Map<string, Map<string, number>>();
  classes.forEach((name, row) => {
    const counts = confusion[row] ?? [];
    const all = counts.reduce((sum, n) => sum + n, 0);
    if (all > 0) shares.set(name, new Map(classes.map((column, i) => [column, (counts[i] ?? 0) / all])));
  });
  return shares;
}

export function differenceSentence({ rows, columns, points }: Difference, same: boolean): string {
  const w = words.compare;
  if (!same) return w.matrixApart;
  // A mistake that grew says where the answers went; one that shrank shows on the diagonal.
  const cells = points.flatMap((line, row) => line.map((by, column) => ({ row: rows[row] ?? "", column: columns[column] ?? "", by })));
  const size = ({ row, column, by }: (typeof cells)[0]): number => (row === column ? Math.abs(by) : by);
  const most = cells.reduce((a, b) => (size(b) > size(a) ? b : a), { row: "", column: "", by: 0 });
  const by = Math.abs(most.by).toFixed(1);
  if (Number(by) === 0) return w.matrixSame;
  if (most.row !== most.column) return w.matrixSentence(most.row, most.column, by);
  return most.by > 0 ? w.matrixGain(most.row, by) : w.matrixLoss(most.row, by);
}
