// What a verdict and a report on forgetting say, as text.
import { count, percent } from "../../base/format.js";
import type { ClassChange, Forgetting, Rule, Verdict } from "../../net/verdict.js";
import { words } from "./strings.js";

export type Ending = "promoted" | "passed" | "reject" | "cannot_judge";

// `promoted`: it went into service because it passed.
export const endingOf = ({ decision }: Verdict, promoted: boolean): Ending =>
  decision !== "promote" ? decision : promoted ? "promoted" : "passed";

export type Outcome = "passed" | "failed" | "unknown";
export const outcomeOf = ({ passed }: Rule): Outcome => (passed === null ? "unknown" : passed ? "passed" : "failed");

export const versionName = (number: number | undefined): string => (number === undefined ? words.before : words.version(number));

const withStop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export interface Told {
  version: number;
  parent?: number | undefined;
  promotion?: string | undefined;
}

export function headline(ending: Ending, { version }: Told): string {
  return words.headline[ending](version);
}

export function lead(ending: Ending, { parent, promotion = "" }: Told): string {
  if (ending !== "passed") return words.lead[ending](versionName(parent));
  return promotion === "" ? words.lead.passedUnsaid : words.lead.passed(withStop(promotion));
}

const shares = new Set(["before", "after", "recall", "needed_recall"]);
const drops = new Set(["allowed_drop", "largest_drop", "allowed_rise"]);
const chances = new Set(["p", "alpha"]);

export const points = (share: number): string => words.forgetting.points((100 * share).toFixed(1));
export const signed = (share: number): string => `${share > 0 ? "+" : share < 0 ? "−" : "±"}${Math.abs(100 * share).toFixed(1)}`;

const pText = (p: number): string => (p < 0.001 ? "< 0.001" : p.toFixed(3));

// The numbers behind a rule, named in words.
export function numbersOf({ numbers }: Rule): [name: string, value: string][] {
  return Object.entries(numbers)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .map(([key, value]) => [
      words.numberNames[key] ?? key,
      shares.has(key) ? percent(value) : drops.has(key) ? points(value) : chances.has(key) ? pText(value) : count(value),
    ]);
}

// Whether the change could be luck: its interval holds no change at all.
export const mayBeChance = ({ interval }: ClassChange): boolean => interval !== undefined && interval[0] <= 0 && interval[1] >= 0;

const kFew = 20; // images

// Of both kinds of classes, one sentence each.
export function sumUp({ old_classes: old, new_classes: fresh }: Forgetting): string[] {
  const w = words.story;
  const told: string[] = [];
  if (old.images > 0 && old.before !== undefined && old.after !== undefined) {
    told.push(w.oldKept(percent(old.before), percent(old.after), old.images, count(old.images)));
  }
  if (fresh.images > 0 && fresh.after !== undefined) {
    told.push(w.newLearned(percent(fresh.after), fresh.images, count(fresh.images)) + (fresh.images < kFew ? ` ${w.fewNew}` : ""));
  }
  return told;
}

// Classes of which more images would help, the most urgent first: new ones that cannot be judged or are
// hardly recognised, old ones that got worse beyond chance.
export function wanting({ classes }: Forgetting, { rules }: Verdict): ClassChange[] {
  const number = (rule: string, key: string): number | undefined => {
    const value = rules.find(({ name }) => name === rule)?.numbers[key];
    return typeof value === "number" ? value : undefined;
  };
  const enough = number("new_classes", "min_support") ?? 0;
  const recall = number("new_classes", "needed_recall") ?? 0;
  const isWanting = (one: ClassChange): boolean =>
    one.new ? one.support < enough || (one.after ?? 0) < recall : (one.difference ?? 0) < 0 && !mayBeChance(one);
  return classes.filter(isWanting).sort((a, b) => Number(b.new) - Number(a.new) || (a.after ?? 0) - (b.after ?? 0));
}
