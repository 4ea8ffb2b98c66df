// The running or queued job, followed once for the shell and all views.
import { useEffect } from "preact/hooks";
import { fetchJobs, type JobHead, type Progress } from "../net/jobs.js";
import { onLive } from "../net/live.js";
import { projectSignal } from "../net/project.js";
import { useResource } from "../net/resource.js";
import { mayChange, status } from "./service_status.js";

const kJobs = 5;
const kEvery = 10_000; // milliseconds

export interface RunningJob {
  job: JobHead;
  progress: Progress; // {} until the job has reported something
}

export const runningJob = projectSignal<RunningJob | undefined>(undefined);

// The newest jobs; undefined until they are known.
export const newestJobs = projectSignal<readonly JobHead[] | undefined>(undefined);

// Called by the shell only.
export function useRunningJob(): void {
  const allowed = mayChange.value && status.value?.value !== undefined;
  const jobs = useResource(async (stop) => (allowed ? fetchJobs(kJobs, stop) : undefined), {
    keys: [allowed],
    on: ["job"],
    gap: 200,
    every: kEvery,
  });
  useEffect(() => {
    newestJobs.value = jobs.value;
    const job =
      jobs.value?.find(({ state }) => state === "running") ?? jobs.value?.find(({ state }) => state === "queued");
    const before = runningJob.peek();
    runningJob.value = job && { job, progress: before?.job.id === job.id ? before.progress : {} };
  }, [jobs.value]);
  useEffect(
    () =>
      onLive("progress", ({ id, progress }) => {
        const now = runningJob.peek();
        if (now?.job.id === id) runningJob.value = { ...now, progress };
      }),
    [],
  );
}

// Of the whole job, 0 to 1; undefined before it has reported any progress.
export function fractionDone({
  epoch,
  epochs,
  step,
  steps,
  fraction,
  bytes,
  total_bytes,
}: Progress): number | undefined {
  if (epoch === undefined || !epochs) {
    return total_bytes ? Math.min(1, (bytes ?? 0) / total_bytes) : fraction;
  }
  const withinEpoch = step !== undefined && steps ? step / steps : 0;
  return Math.min(1, (Math.max(0, epoch - 1) + withinEpoch) / epochs);
}
