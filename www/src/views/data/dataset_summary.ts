// What the class counts mean: a sentence about the balance, and warnings.
import { count } from "../../base/format.js";
import { type ClassCount, type Dataset, isTooLong } from "../../net/dataset.js";
import { userMessage } from "../../net/errors.js";
import { words } from "./strings.js";

// The first two as in engine/retrain/retrain_plan.cpp, the third as in engine/retrain/gate.h.
export const kMinTrain = 20; // training images of a class
export const kGoodTrain = 50;
export const kMinTest = 4; // test images of a new class
const kUnevenFactor = 10; // between the largest and the smallest class

function extremes(
  classes: readonly ClassCount[],
  value: (counts: ClassCount) => number,
): [most: ClassCount, least: ClassCount] | undefined {
  const [first] = classes;
  if (first === undefined) return undefined;
  const most = classes.reduce((a, b) => (value(b) > value(a) ? b : a), first);
  const least = classes.reduce((a, b) => (value(b) < value(a) ? b : a), first);
  return [most, least];
}

export function balanceSentence(classes: readonly ClassCount[]): string {
  const w = words.classes;
  const found = extremes(classes, ({ total }) => total);
  if (found === undefined) return w.none;
  const [most, least] = found;
  if (classes.length === 1) return w.single(most.name, most.total);
  if (most.total === least.total) return w.even(classes.length, most.total);
  return w.sentence(classes.length, most.name, count(most.total), least.name, count(least.total));
}

// Letters of other scripts that look like Latin ones, in lower case.
const kLatinTwins = new Map(
  Array.from("аеорсухіјѕԁԛԝһ", (letter, i): [string, string] => [letter, "aeopcyxijsdqwh"[i] ?? ""]).concat(
    Array.from("αειοκρτυχ", (letter, i): [string, string] => [letter, "aeiokptux"[i] ?? ""]),
  ),
);

// Equal for names that look alike: case, spaces and separators, forms of Unicode, Cyrillic and Greek letters.
const appearance = (name: string): string =>
  Array.from(name.normalize("NFKC").toLowerCase(), (letter) => kLatinTwins.get(letter) ?? letter)
    .join("")
    .replace(/[\s_.-]+/g, "");

// The groups of names that look alike.
export function lookAlikes(names: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(appearance(name), [...(groups.get(appearance(name)) ?? []), name]);
  return [...groups.values()].filter((group) => group.length > 1);
}

export interface Warning {
  text: string;
  addTo?: string; // the class that needs more images
}

// `duplicates`: of the last upload.
export function warningsOf({ classes }: Pick<Dataset, "classes">, duplicates = 0): Warning[] {
  const w = words.warnings;
  const warnings: Warning[] = [];
  const warn = (isAffected: (counts: ClassCount) => boolean, text: (names: string[]) => string): void => {
    const names = classes.filter(isAffected).map(({ name }) => name);
    const [name, ...others] = names;
    if (name === undefined) return;
    warnings.push({ text: text(names), ...(others.length === 0 ? { addTo: name } : {}) });
  };
  warn(
    ({ train }) => train < kMinTrain,
    (names) => w.fewTrain(names, kMinTrain, kGoodTrain),
  );
  warn(({ test }) => test === 0, w.noTest);
  warn(
    ({ test }) => test > 0 && test < kMinTest,
    (names) => w.fewTest(names, kMinTest),
  );
  for (const names of lookAlikes(classes.map(({ name }) => name))) warnings.push({ text: w.lookAlike(names) });
  const trained = classes.filter(({ train }) => train > 0);
  const [most, least] = extremes(trained, ({ train }) => train) ?? [];
  if (most && least && most.train >= kUnevenFactor * least.train) {
    const times = count(Math.floor(most.train / least.train));
    warnings.push({ text: w.uneven(most.name, times, least.name), addTo: least.name });
  }
  if (duplicates > 0) warnings.push({ text: w.duplicates(duplicates) });
  return warnings;
}

export interface NewName {
  name: string; // trimmed, in Unicode NFC
  problem?: "empty" | "same" | "long";
  mergesInto?: ClassCount; // the class that has this name
}

// The effect of renaming class `from` to `text`.
export function readNewName(text: string, from: string, classes: readonly ClassCount[]): NewName {
  const name = text.trim().normalize("NFC");
  if (name === "") return { name, problem: "empty" };
  if (isTooLong(name)) return { name, problem: "long" };
  if (name === from) return { name, problem: "same" };
  const existing = classes.find((known) => known.name === name);
  return existing ? { name, mergesInto: existing } : { name };
}

const kMaxWord = 40; // characters; longer words are paths

// The reason without the name of the file, which is shown next to it, and with long paths shortened.
export function reasonText(file: string, reason = ""): string {
  const text = userMessage(reason.startsWith(`${file}: `) ? reason.slice(file.length + 2) : reason);
  return text.replace(/\S+/g, (word) => (word.length > kMaxWord ? `${word.slice(0, 12)}…${word.slice(-20)}` : word));
}
