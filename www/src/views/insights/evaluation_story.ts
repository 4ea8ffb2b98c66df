// Whether a version can be evaluated here, and how far it is.
import { count } from "../../base/format.js";
import { words } from "./strings.js";

export interface TestData {
  total: number;
  test: number;
  classes: { name: string; test: number }[];
}

// What is to be measured, as far as that matters here.
export interface Tested {
  number: number;
  classes: readonly string[];
  removed: boolean; // its files are not there any more
}

export interface Job {
  id: number;
  kind: string;
  state: string;
  reason?: string;
  options: { version?: number };
}

const kFew = 100; // test images: the accuracy is then known to ten points at best
const kNamed = 5; // classes called by name

// Images of classes that the version does not know are left out of its evaluation.
const unknownIn = (data: TestData, { classes }: Tested) => data.classes.filter(({ name, test }) => test > 0 && !classes.includes(name));

function testsOf(data: TestData, version: Tested): number {
  return data.test - unknownIn(data, version).reduce((sum, { test }) => sum + test, 0);
}

// undefined: not known.
export const canEvaluate = (data: TestData | undefined, version: Tested | undefined): boolean | undefined =>
  data && version && !version.removed && testsOf(data, version) > 0;

export function whyOrWhat(data: TestData, version: Tested): string {
  const w = words.evaluate;
  const { number } = version;
  const { total, test } = data;
  const names = unknownIn(data, version).map(({ name }) => name);
  const n = testsOf(data, version);
  if (version.removed) return w.removed(number);
  if (total === 0) return w.noData(number);
  if (test === 0) return w.noTest(number, total, count(total));
  if (n === 0) return w.noneKnown(number, test, count(test), listed(names));
  const left = names.length === 0 ? "" : w.leftOut(test - n, count(test - n), listed(names));
  return [w.with(number, n, count(n)), left, n < kFew ? w.few : "", w.instead].filter(Boolean).join(" ");
}

function listed(names: readonly string[]): string {
  return names.length <= kNamed ? names.join(", ") : words.evaluate.andMore(names.slice(0, kNamed).join(", "), names.length - kNamed);
}

export const isAtWork = ({ state }: Job): boolean => state === "queued" || state === "running";

export function latestEvaluation(jobs: readonly Job[], version: number): Job | undefined {
  return jobs
    .filter(({ kind, options }) => kind === "evaluate" && options.version === version)
    .reduce<Job | undefined>((newest, job) => (newest === undefined || job.id > newest.id ? job : newest), undefined);
}

export function progressText({ state }: Job, phase: string | undefined): string {
  const w = words.evaluate;
  if (state === "queued") return w.queued;
  return phase === undefined ? w.starting : (w.phases[phase] ?? phase);
}
