// What the numbers of the training data say: arithmetic and sentences, apart from how they look.
import { count } from "../../base/format.js";
import { type ClassCount, type Dataset, isTooLong } from "../../net/dataset.js";
import { plainly } from "../../net/errors.js";
import { words } from "./strings.js";

// The first two as in engine/retrain/retrain_plan.cpp, the third as in engine/retrain/gate.h.
export const kThin = 20; // training images of a class
export const kGood = 50;
export const kFewTest = 4; // test images of a class that is to be judged
const kUneven = 10; // times as many as another class
const kNamed = 5; // classes called by name in one sentence

// "one", "one and two", "one, two and three", "a, b, c, d, e and 3 more"
export function listed(names: readonly string[]): string {
  const w = words.warnings;
  if (names.length <= 1) return names[0] ?? "";
  const shown = names.length > kNamed ? [...names.slice(0, kNamed), w.more(names.length - kNamed)] : names;
  return w.and(shown.slice(0, -1).join(", "), shown.at(-1) ?? "");
}

const extremes = (classes: readonly ClassCount[], of: (one: ClassCount) => number): [most: ClassCount, least: ClassCount] | undefined => {
  const [first] = classes;
  if (first === undefined) return undefined;
  return classes.reduce<[ClassCount, ClassCount]>(([most, least], one) => [of(one) > of(most) ? one : most, of(one) < of(least) ? one : least], [first, first]);
};

export function balanceSentence(classes: readonly ClassCount[]): string {
  const w = words.classes;
  const found = extremes(classes, ({ total }) => total);
  if (found === undefined) return w.none;
  const [most, least] = found;
  if (classes.length === 1) return w.single(most.name, most.total, count(most.total));
  if (most.total === least.total) return w.even(classes.length, most.total, count(most.total));
  return w.sentence(classes.length, most.name, count(most.total), least.name, count(least.total));
}

export interface Warning {
  text: string;
  add?: string; // the class of which more images would help
}

// What is thin or uneven about the data. `duplicates`: of the last upload.
export function warnings({ classes }: Pick<Dataset, "classes">, duplicates = 0): Warning[] {
  const w = words.warnings;
  const found: Warning[] = [];
  const of = (wanted: (one: ClassCount) => boolean): ClassCount[] => classes.filter(wanted);
  const tell = (some: readonly ClassCount[], text: (names: string, n: number) => string): void => {
    if (some.length > 0) found.push({ text: text(listed(some.map(({ name }) => name)), some.length), ...(some.length === 1 ? { add: some[0]!.name } : {}) });
  };
  tell(of(({ train }) => train < kThin), (names, n) => w.thin(names, n, kThin, kGood));
  tell(of(({ test }) => test === 0), w.noTest);
  tell(of(({ test }) => test > 0 && test < kFewTest), (names, n) => w.fewTest(names, n, kFewTest));
  const [most, least] = extremes(of(({ train }) => train > 0), ({ train }) => train) ?? [];
  if (most && least && most.train >= kUneven * least.train) {
    found.push({ text: w.uneven(most.name, count(Math.floor(most.train / least.train)), least.name), add: least.name });
  }
  if (duplicates > 0) found.push({ text: w.duplicates(duplicates, count(duplicates)) });
  return found;
}

export interface NewName {
  name: string; // without blanks around it
  problem?: "empty" | "same" | "long";
  mergesInto?: ClassCount;
}

// What giving a class this name would do.
export function readNewName(text: string, from: string, classes: readonly ClassCount[]): NewName {
  const name = text.trim();
  if (name === "") return { name, problem: "empty" };
  if (isTooLong(name)) return { name, problem: "long" };
  if (name === from) return { name, problem: "same" };
  const other = classes.find((one) => one.name === name);
  return other ? { name, mergesInto: other } : { name };
}

const kLongWord = 40; // characters; longer ones are the paths of other files

// Why a file cannot be used, without its name, which stands beside it, and with other long names shortened.
export function reasonOf(file: string, reason = ""): string {
  const text = plainly(reason.startsWith(`${file}: `) ? reason.slice(file.length + 2) : reason);
  return text.replace(/\S+/g, (word) => (word.length > kLongWord ? `${word.slice(0, 12)}…${word.slice(-20)}` : word));
}
