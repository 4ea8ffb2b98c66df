// Two evaluations side by side: arithmetic and sentences, apart from how they look.
import { percent } from "../../format.js";
import type { EvaluationDocument } from "../../net/models.js";
import { words } from "./strings.js";

const kNamed = 5; // classes called by name
const kFew = 20; // pictures of a class

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

// Which of the two is right more often, and whether that may be chance.
export function accuracySentence(a: EvaluationDocument, b: EvaluationDocument, numbers: readonly [number, number]): string {
  const w = words.compare;
  const [before, after] = [a.metrics?.["accuracy"], b.metrics?.["accuracy"]];
  if (typeof before !== "number" || typeof after !== "number") return "";
  if (before === after) return w.same(percent(before));
  const [low, high] = before < after ? [before, after] : [after, before];
  const told = [w.sentence(before < after ? numbers[1] : numbers[0], percent(high), percent(low), (100 * (high - low)).toFixed(1))];
  const [one, other] = [interval(a), interval(b)];
  if (one && other) told.push(one[0] <= other[1] && other[0] <= one[1] ? w.overlap : w.apart);
  return told.join(" ");
}

// Why the comparison is to be taken with care.
export function caveats(a: EvaluationDocument, b: EvaluationDocument): string[] {
  const w = words.compare;
  const found: string[] = [];
  const { data: from = {} } = a;
  const { data: to = {} } = b;
  if (from.revision !== to.revision || from.split !== to.split || from.count !== to.count) found.push(w.differentData);
  const [mine, theirs] = [a.classes ?? [], b.classes ?? []];
  const only = [...mine.filter((name) => !theirs.includes(name)), ...theirs.filter((name) => !mine.includes(name))];
  if (only.length > 0) found.push(w.differentClasses(listed(only), only.length));
  return found;
}

export interface ClassRow {
  name: string;
  a: number | undefined; // recall
  b: number | undefined;
  support: [number, number];
}

// Every class that either knows, in the order of b, then what only a knows.
export function classRows(a: EvaluationDocument, b: EvaluationDocument): ClassRow[] {
  const of = (document: EvaluationDocument) => new Map((document.per_class ?? []).map((one) => [one.name, one]));
  const [before, after] = [of(a), of(b)];
  return [...new Set([...after.keys(), ...before.keys()])].map((name) => {
    const [one, other] = [before.get(name), after.get(name)];
    const recall = (found: typeof one): number | undefined => (found && found.support > 0 && found.recall !== null ? found.recall : undefined);
    return { name, a: recall(one), b: recall(other), support: [one?.support ?? 0, other?.support ?? 0] };
  });
}

const change = ({ a, b }: ClassRow): number | undefined => (a === undefined || b === undefined ? undefined : b - a);

export function classesSentence(rows: readonly ClassRow[]): string {
  const w = words.compare;
  const both = rows.flatMap((row) => (change(row) === undefined ? [] : [{ name: row.name, by: change(row)! }]));
  if (both.length === 0) return w.noClasses;
  const best = both.reduce((x, y) => (y.by > x.by ? y : x));
  const worst = both.reduce((x, y) => (y.by < x.by ? y : x));
  const text = (by: number): string => plus(100 * by, 1);
  if (best.by <= 0 && worst.by >= 0) return w.classesSame;
  if (worst.by >= 0) return w.classesGain(best.name, text(best.by));
  if (best.by <= 0) return w.classesLoss(worst.name, text(worst.by));
  return w.classesSentence(best.name, text(best.by), worst.name, text(worst.by));
}

export function thinClasses(rows: readonly ClassRow[]): string | undefined {
  const thin = rows.filter(({ a, b, support }) => a !== undefined && b !== undefined && Math.min(...support) < kFew);
  return thin.length === 0 ? undefined : words.compare.thin(listed(thin.map(({ name }) => name)), thin.length, kFew);
}

export interface Difference {
  rows: string[]; // true classes
  columns: string[]; // answers
  points: number[][]; // [row][column]: percentage points, b minus a
}

// How the share of a class's pictures that get each answer changed. Classes that only one of the two knows
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

export function differenceSentence({ rows, columns, points }: Difference): string {
  const w = words.compare;
  // A mistake that grew says where the answers went; one that shrank shows on the diagonal.
  const cells = points.flatMap((line, row) => line.map((by, column) => ({ row: rows[row] ?? "", column: columns[column] ?? "", by })));
  const size = ({ row, column, by }: (typeof cells)[0]): number => (row === column ? Math.abs(by) : by);
  const most = cells.reduce((a, b) => (size(b) > size(a) ? b : a), { row: "", column: "", by: 0 });
  const by = Math.abs(most.by).toFixed(1);
  if (Number(by) === 0) return w.matrixSame;
  if (most.row !== most.column) return w.matrixSentence(most.row, most.column, by);
  return most.by > 0 ? w.matrixGain(most.row, by) : w.matrixLoss(most.row, by);
}
