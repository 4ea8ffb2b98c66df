// The job at work, if there is one.
import { useEffect, useState } from "preact/hooks";
import { count, duration } from "../../base/format.js";
import { getJson } from "../../net/api.js";
import { onLive } from "../../net/live.js";
import { useResource } from "../../net/resource.js";
import { Progress } from "../../components/progress.js";
import { words } from "./strings.js";

interface Job {
  id: number;
  kind: string;
  state: string;
}

interface How {
  epoch?: number;
  epochs?: number;
  step?: number;
  steps?: number;
  eta_seconds?: number;
}

const kEvery = 10_000; // milliseconds

export function JobNow() {
  const jobs = useResource(async (stop) => (await getJson<{ jobs: Job[] }>("api/v1/jobs?limit=5", stop)).jobs, {
    on: ["job"],
    gap: 200,
    every: kEvery,
  });
  const [how, setHow] = useState<{ id: number; progress: How }>();
  useEffect(() => onLive("progress", ({ id, progress }) => setHow({ id, progress: progress as How })), []);
  const job = jobs.value?.find(({ state }) => state === "running") ?? jobs.value?.find(({ state }) => state === "queued");
  if (job === undefined) return null;
  const w = words.job;
  const progress = how?.id === job.id ? how.progress : {};
  return (
    <section class="card job-now" aria-label={w.title}>
      <Progress label={w.number(w.kinds[job.kind] ?? job.kind, job.id)} value={share(progress)} detail={job.state === "queued" ? w.queued : tell(progress)} />
    </section>
  );
}

// Of the whole job, 0 to 1, as far as it has told.
export function share({ epoch, epochs, step, steps }: How): number | undefined {
  if (epoch === undefined || !epochs) return undefined;
  const within = step !== undefined && steps ? step / steps : 0;
  return Math.min(1, (Math.max(0, epoch - 1) + within) / epochs);
}

function tell({ epoch, epochs, eta_seconds }: How): string {
  const w = words.job;
  const parts: string[] = [];
  if (epoch !== undefined && epochs !== undefined) parts.push(w.epoch(count(epoch), count(epochs)));
  if (eta_seconds !== undefined) parts.push(w.left(duration(eta_seconds)));
  return parts.join(", ");
}
