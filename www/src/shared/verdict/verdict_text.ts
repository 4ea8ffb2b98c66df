// Texts and numbers of a verdict and a report on forgetting, without JSX.
import { count, percent } from "../../base/format.js";
import type { Check, ClassChange, Forgetting, PairedCounts, Verdict } from "../../net/verdict.js";
import { words } from "./strings.js";

export type Result = "promoted" | "passed" | "reject" | "cannot_judge";

// `promoted`: the server activated the version because it passed.
export const resultOf = ({ decision }: Verdict, promoted: boolean): Result =>
  decision !== "promote" ? decision : promoted ? "promoted" : "passed";

export type CheckOutcome = "passed" | "failed" | "unknown";
export const outcomeOf = ({ passed }: Check): CheckOutcome =>
  passed === null ? "unknown" : passed ? "passed" : "failed";

export interface VerdictSubject {
  version: number;
  parent?: number | undefined; // the version it was compared with
  promotion?: string | undefined; // why it was not activated automatically
}

export const headline = (result: Result, { version }: VerdictSubject): string => words.headline[result](version);

const withFullStop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export function leadText(result: Result, { parent, promotion = "" }: VerdictSubject): string {
  if (result !== "passed") return words.lead[result](parent === undefined ? words.previous : words.version(parent));
  return promotion === "" ? words.lead.passedNoReason : words.lead.passed(withFullStop(promotion));
}

// The server reports fractions; how each is displayed depends on its meaning.
const percentKeys = new Set([
  "before",
  "after",
  "after_low",
  "after_high",
  "recall",
  "recall_low",
  "recall_high",
  "needed_recall",
]);
const pointKeys = new Set(["allowed_drop", "largest_drop", "allowed_rise", "max_possible_drop"]);
const changeKeys = new Set(["change_low", "change_high"]);
const probabilityKeys = new Set(["p", "alpha"]);

export const points = (fraction: number): string => words.forgetting.points((100 * fraction).toFixed(1));

// "+1.2", "−0.4", "±0.0": percentage points
export const signedPoints = (fraction: number): string =>
  `${fraction > 0 ? "+" : fraction < 0 ? "−" : "±"}${Math.abs(100 * fraction).toFixed(1)}`;

const pValue = (p: number): string => (p < 0.001 ? "< 0.001" : p.toFixed(3));

function numberText(key: string, value: number): string {
  if (percentKeys.has(key)) return percent(value);
  if (pointKeys.has(key)) return points(value);
  if (changeKeys.has(key)) return words.forgetting.points(signedPoints(value));
  return probabilityKeys.has(key) ? pValue(value) : count(value);
}

// The numbers behind a check with their names.
export function numbersOf({ numbers }: Check): [name: string, value: string][] {
  return Object.entries(numbers)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .map(([key, value]) => [words.numberNames[key] ?? key, numberText(key, value)]);
}

// Whether the confidence interval of the change includes 0.
export const mayBeChance = ({ interval }: ClassChange): boolean =>
  interval !== undefined && interval[0] <= 0 && interval[1] >= 0;

const kFewImages = 20;

// "76.4 % to 99.1 %"; undefined for reports of an older server.
export const rangeText = ({ after_interval: interval }: Pick<PairedCounts, "after_interval">): string | undefined =>
  interval && words.range(percent(interval[0]), percent(interval[1]));

// One sentence about the new classes, one about the old ones.
export function summaryOf({ old_classes: oldClasses, new_classes: newClasses }: Forgetting): string[] {
  const w = words.summary;
  const sentences: string[] = [];
  if (newClasses.images > 0 && newClasses.after !== undefined) {
    const text = w.new(percent(newClasses.after), newClasses.images, rangeText(newClasses));
    sentences.push(newClasses.images < kFewImages ? `${text} ${w.few}` : text);
  }
  if (oldClasses.images > 0 && oldClasses.before !== undefined && oldClasses.after !== undefined) {
    sentences.push(
      w.old(percent(oldClasses.before), percent(oldClasses.after), oldClasses.images, rangeText(oldClasses)),
    );
  }
  return sentences;
}

// What the user has added comes first.
export const newFirst = (classes: readonly ClassChange[]): ClassChange[] =>
  [...classes].sort((a, b) => Number(b.new) - Number(a.new));

// The classes that need more images, most urgent first: new classes with too few test images or a low recall,
// old classes whose recall dropped by more than chance.
export function classesInNeed({ classes }: Forgetting, { rules }: Verdict): ClassChange[] {
  const number = (check: string, key: string): number | undefined => {
    const value = rules.find(({ name }) => name === check)?.numbers[key];
    return typeof value === "number" ? value : undefined;
  };
  const minSupport = number("new_classes", "min_support") ?? 0;
  const minRecall = number("new_classes", "needed_recall") ?? 0;
  const isInNeed = (change: ClassChange): boolean =>
    change.new
      ? change.support < minSupport || (change.after ?? 0) < minRecall
      : (change.difference ?? 0) < 0 && !mayBeChance(change);
  return classes.filter(isInNeed).sort((a, b) => Number(b.new) - Number(a.new) || (a.after ?? 0) - (b.after ?? 0));
}
