// Whether a version can be evaluated here, and how far it is.
import { count } from "../../format.js";
import { words } from "./strings.js";

export interface TestData {
  total: number;
  test: number;
}

export interface Job {
  id: number;
  kind: string;
  state: string;
  reason?: string;
  options: { version?: number };
}

const kFew = 100; // test pictures: the accuracy is then known to ten points at best

// undefined: not known.
export const canEvaluate = (data: TestData | undefined): boolean | undefined => data && data.test > 0;

export function whyOrWhat({ total, test }: TestData, version: number): string {
  const w = words.evaluate;
  if (total === 0) return w.noData(version);
  if (test === 0) return w.noTest(version, total, count(total));
  const what = w.with(version, test, count(test));
  return [what, test < kFew ? w.few : "", w.instead].filter(Boolean).join(" ");
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
