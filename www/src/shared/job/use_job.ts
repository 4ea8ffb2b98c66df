// A job with its live progress.
import { useEffect, useRef, useState } from "preact/hooks";
import { fetchJob, followJob, isOver, type Job } from "../../net/jobs.js";
import { type Resource, useResource } from "../../net/resource.js";
import { token } from "../../net/token.js";
import { applyEvent, type JobProgress, kNoProgress, planOf } from "./job_progress.js";

const kEvery = 10_000; // milliseconds; in case the token may not read the events

export function useJob(id: number): { job: Resource<Job>; progress: JobProgress } {
  const [progress, setProgress] = useState<JobProgress>(kNoProgress);
  const job = useResource((stop) => fetchJob(id, stop), {
    keys: [id, progress.stateChanges],
    on: ["job"],
    gap: 200,
    every: kEvery,
  });
  const over = job.value?.id === id && isOver(job.value.state);
  // The event stream ends with the job. When the job is resumed, the stream is opened again.
  const [run, setRun] = useState(0);
  const wasOver = useRef(false);
  useEffect(() => {
    if (wasOver.current && !over) setRun((n) => n + 1);
    wasOver.current = over;
  }, [over]);
  useEffect(() => setProgress(kNoProgress), [id]);
  useEffect(() => followJob(id, (event) => setProgress((before) => applyEvent(before, event))), [id, run, token.value]);
  const loaded = job.value?.id === id ? job.value : undefined;
  return { job: { ...job, value: loaded }, progress: withHistory(progress, loaded) };
}

// The events may arrive after the response, or not at all; then the history of the job is more complete.
function withHistory(progress: JobProgress, job: Job | undefined): JobProgress {
  if (job === undefined || progress.repeated || progress.epochs.length >= job.history.length) return progress;
  return { ...progress, plan: planOf(job), epochs: job.history };
}
