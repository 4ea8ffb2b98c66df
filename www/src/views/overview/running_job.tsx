// The running or queued job, if there is one.
import { fractionDone, runningJob } from "../../app/running_job.js";
import { count, duration } from "../../base/format.js";
import { Progress as ProgressBar } from "../../components/progress.js";
import type { Progress } from "../../net/jobs.js";
import { words } from "./strings.js";

export function RunningJob() {
  const running = runningJob.value;
  if (running === undefined) return null;
  const { job, progress } = running;
  const w = words.job;
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

function detailOf({ epoch, epochs, eta_seconds }: Progress): string {
  const w = words.job;
  const parts: string[] = [];
  if (epoch !== undefined && epochs !== undefined) parts.push(w.epoch(count(epoch), count(epochs)));
  if (eta_seconds !== undefined) parts.push(w.left(duration(eta_seconds)));
  return parts.join(", ");
}
