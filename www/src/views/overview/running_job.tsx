// The running or queued job, if there is one.
import { useEffect, useState } from "preact/hooks";
import { count, duration } from "../../base/format.js";
import { Progress as ProgressBar } from "../../components/progress.js";
import { fetchJobs, type Progress } from "../../net/jobs.js";
import { onLive } from "../../net/live.js";
import { useResource } from "../../net/resource.js";
import { words } from "./strings.js";

const kJobs = 5;
const kEvery = 10_000; // milliseconds

export function RunningJob() {
  const jobs = useResource((stop) => fetchJobs(kJobs, stop), { on: ["job"], gap: 200, every: kEvery });
  const [latest, setLatest] = useState<{ id: number; progress: Progress }>();
  useEffect(() => onLive("progress", setLatest), []);
  const job =
    jobs.value?.find(({ state }) => state === "running") ?? jobs.value?.find(({ state }) => state === "queued");
  if (job === undefined) return null;
  const w = words.job;
  const progress = latest?.id === job.id ? latest.progress : {};
  return (
    <section class="card running-job" aria-label={w.title}>
      <ProgressBar
        label={w.name(w.kinds[job.kind] ?? job.kind, job.id)}
        value={fractionDone(progress)}
        detail={job.state === "queued" ? w.queued : detailOf(progress)}
      />
    </section>
  );
}

// Of the whole job, 0 to 1; undefined before it has reported any progress.
export function fractionDone({ epoch, epochs, step, steps }: Progress): number | undefined {
  if (epoch === undefined || !epochs) return undefined;
  const withinEpoch = step !== undefined && steps ? step / steps : 0;
  return Math.min(1, (Math.max(0, epoch - 1) + withinEpoch) / epochs);
}

function detailOf({ epoch, epochs, eta_seconds }: Progress): string {
  const w = words.job;
  const parts: string[] = [];
  if (epoch !== undefined && epochs !== undefined) parts.push(w.epoch(count(epoch), count(epochs)));
  if (eta_seconds !== undefined) parts.push(w.left(duration(eta_seconds)));
  return parts.join(", ");
}
