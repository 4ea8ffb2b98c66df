// Whether the images suffice for a training.
import { count } from "../../base/format.js";
import { listed } from "../../base/plural.js";
import { words } from "./strings.js";

export const kFew = 20; // images of a class
const kUneven = 5; // between the largest and the smallest class

export interface ClassSize {
  name: string;
  total: number; // images
}

const filled = (classes: readonly ClassSize[]): ClassSize[] => classes.filter(({ total }) => total > 0);

export const canTrain = (classes: readonly ClassSize[]): boolean => filled(classes).length >= 2;

export function warningsOf(classes: readonly ClassSize[]): string[] {
  const w = words.train;
  const sizes = filled(classes).sort((a, b) => a.total - b.total);
  const few = sizes.filter(({ total }) => total < kFew).map(({ name }) => name);
  const least = sizes[0];
  const most = sizes.at(-1);
  const warnings: string[] = [];
  if (few.length > 0) warnings.push(w.few(listed(few), few.length > 1, kFew));
  if (least && most && most.total >= kUneven * least.total) {
    warnings.push(w.uneven(most.name, count(Math.floor(most.total / least.total)), least.name));
  }
  return warnings;
}

// The names of the classes on the page: those that the user has named, then the others of the server, then
// placeholders up to two.
export function shownClasses(named: readonly string[], stored: readonly string[]): string[] {
  const all = [...named, ...stored.filter((name) => !named.includes(name))];
  while (all.length < 2) all.push(freeName(all));
  return all;
}

export function freeName(used: readonly string[]): string {
  for (let n = 1; ; ++n) {
    const name = words.classes.number(n);
    if (!used.includes(name)) return name;
  }
}
