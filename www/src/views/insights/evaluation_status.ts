// Whether a version can be evaluated here, and the progress of its evaluation.
import { listed } from "../../base/plural.js";
import type { Dataset } from "../../net/dataset.js";
import type { JobHead } from "../../net/jobs.js";
import { words } from "./strings.js";

const w = words.evaluate;

type TestData = Pick<Dataset, "total" | "test"> & { classes: readonly { name: string; test: number }[] };

// The version to evaluate.
export interface Candidate {
  number: number;
  classes: readonly string[];
  removed: boolean; // its files were deleted
}

type Job = Pick<JobHead, "id" | "kind" | "state" | "options">;

const kFewImages = 100; // the 95 % interval of the accuracy is then up to 20 points wide

// An evaluation leaves out the images of classes that the version does not have.
const unknownClasses = (data: TestData, { classes }: Candidate) =>
  data.classes.filter(({ name, test }) => test > 0 && !classes.includes(name));

function testImages(data: TestData, version: Candidate): number {
  return data.test - unknownClasses(data, version).reduce((sum, { test }) => sum + test, 0);
}

// undefined: not known yet
export const canEvaluate = (data: TestData | undefined, version: Candidate | undefined): boolean | undefined =>
  data && version && !version.removed && testImages(data, version) > 0;

export function evaluationText(data: TestData, version: Candidate): string {
  const { number } = version;
  const { total, test } = data;
  const names = listed(unknownClasses(data, version).map(({ name }) => name));
  const n = testImages(data, version);
  if (version.removed) return w.removed(number);
  if (total === 0) return w.noData(number);
  if (test === 0) return w.noTest(number, total);
  if (n === 0) return w.noKnownClasses(number, test, names);
  const leftOut = n === test ? "" : w.leftOut(test - n, names);
  return [w.available(number, n), leftOut, n < kFewImages ? w.few : "", w.effect].filter(Boolean).join(" ");
}

export const isActive = ({ state }: Pick<JobHead, "state">): boolean => state === "queued" || state === "running";

export function latestEvaluation<T extends Job>(jobs: readonly T[], version: number): T | undefined {
  return jobs
    .filter(({ kind, options }) => kind === "evaluate" && options.version === version)
    .reduce<T | undefined>((newest, job) => (newest === undefined || job.id > newest.id ? job : newest), undefined);
}

export function progressText({ state }: Pick<JobHead, "state">, phase: string | undefined): string {
  if (state === "queued") return w.queued;
  return phase === undefined ? w.starting : (w.phases[phase] ?? phase);
}
