// Texts about plans and jobs.
import { duration } from "../../base/format.js";
import { listed } from "../../base/plural.js";
import type { Job, JobHead, Plan } from "../../net/jobs.js";
import { readVerdict } from "../../net/verdict.js";
import { words } from "./strings.js";

export function planLead({ new_images: n, new_classes: names }: Pick<Plan, "new_images" | "new_classes">): string {
  const w = words.plan;
  if (n === 0) return w.onlyOld;
  return names.length === 0 ? `${w.newImages(n)}.` : `${w.newImages(n)} ${w.newClasses(names.length, listed(names))}.`;
}

export const kMinTest = 4; // as in engine/retrain/gate.h: a new class with fewer test images is not evaluated

// What the verdict will not be able to decide, known before the training.
export function evaluationNotes({ images, old_images: old }: Pick<Plan, "images" | "old_images">): string[] {
  const w = words.plan;
  const few = images.filter((planned) => planned.new && planned.test < kMinTest).map(({ name }) => name);
  return [
    ...(few.length > 0 ? [w.fewTest(listed(few), few.length, kMinTest)] : []),
    ...(old === 0 ? [w.oldUnmeasured] : []),
  ];
}

// Seconds; undefined before the job has ended.
export function secondsTaken({ started, ended }: Pick<JobHead, "started" | "ended">): number | undefined {
  return started === null || ended === null ? undefined : (Date.parse(ended) - Date.parse(started)) / 1000;
}

// At least "1 s"; undefined before the job has ended.
export function timeTaken(job: Pick<JobHead, "started" | "ended">): string | undefined {
  const seconds = secondsTaken(job);
  return seconds === undefined ? undefined : duration(Math.max(1, Math.round(seconds)));
}

// `savedEpoch` as in JobProgress.
export function resumeText(savedEpoch: number | undefined): string {
  const w = words.job;
  if (savedEpoch === undefined) return w.restart;
  return savedEpoch === 0 ? w.resumeWithin : w.resumeAfter(savedEpoch);
}

export const jobName = ({ kind, id }: Pick<JobHead, "kind" | "id">): string =>
  words.jobs.name(words.jobs.kinds[kind] ?? kind, id);

// The result of a job in a few words; "" when there is none yet.
export function resultText({
  kind,
  reason,
  result,
}: Pick<Job, "kind" | "result"> & { reason?: string | undefined }): string {
  const w = words.jobs;
  if (result === null) return reason ?? "";
  if (kind === "import") return w.imported(result.added ?? 0, result.duplicates ?? 0);
  if (result.version === undefined) return "";
  if (kind === "evaluate") return w.evaluated(result.version);
  if (result.promoted) return w.promoted(result.version);
  const decision = readVerdict(result.verdict)?.decision ?? "cannot_judge";
  return { promote: w.passed, reject: w.rejected, cannot_judge: w.undecided }[decision](result.version);
}
