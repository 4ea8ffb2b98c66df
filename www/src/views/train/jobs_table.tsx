// All jobs with their results.
import { href } from "../../app/router.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { type Column, Table } from "../../components/table.js";
import { Ago } from "../../components/time.js";
import { fetchJob, type Job, type JobHead, type JobState } from "../../net/jobs.js";
import { onProjectChange } from "../../net/project.js";
import { type Resource, useResource } from "../../net/resource.js";
import { Loaded } from "../../shared/loaded.js";
import { jobName, resultText, secondsTaken, timeTaken } from "./job_text.js";
import { words } from "./strings.js";

const w = words.jobs;
const kFilterFrom = 13; // jobs; a shorter table has no filter

const tones: Record<JobState, Tone> = {
  queued: "plain",
  running: "server",
  succeeded: "good",
  failed: "bad",
  canceled: "plain",
  interrupted: "warn",
};

export const StateBadge = ({ state }: { state: JobState }) => (
  <Badge tone={tones[state]}>{w.states[state] ?? state}</Badge>
);

// The list of jobs has no results. Those of finished jobs do not change, so they are kept.
const finishedJobs = new Map<string, Job>();
onProjectChange(() => finishedJobs.clear());

async function withResult(head: JobHead, stop: AbortSignal): Promise<Job> {
  if (head.state !== "succeeded") return { ...head, history: [], result: null };
  const key = `${head.id} ${head.ended ?? ""}`;
  const job = finishedJobs.get(key) ?? (await fetchJob(head.id, stop));
  finishedJobs.set(key, job);
  return job;
}

const columns: Column<Job>[] = [
  {
    id: "id",
    title: w.job,
    value: ({ id }) => id,
    cell: (job) => <a href={href("train", [job.id])}>{jobName(job)}</a>,
  },
  {
    id: "state",
    title: w.state,
    value: ({ state }) => w.states[state] ?? state,
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    id: "result",
    title: w.result,
    value: (job) => resultText(job),
    cell: (job) => <span class="job-result">{resultText(job)}</span>,
  },
  { id: "when", title: w.when, value: ({ created }) => created, cell: ({ created }) => <Ago iso={created} /> },
  { id: "took", title: w.took, value: secondsTaken, cell: (job) => timeTaken(job) ?? "", numeric: true },
];

export interface JobsTableProps {
  jobs: Resource<JobHead[]>;
  wanted: number; // number of jobs requested
  onMore: () => void;
}

export function JobsTable({ jobs, wanted, onMore }: JobsTableProps) {
  const heads = jobs.value ?? [];
  const rows = useResource((stop) => Promise.all(heads.map((head) => withResult(head, stop))), {
    keys: [heads.map(({ id, state }) => `${id}${state}`).join()],
  });
  return (
    <section class="card jobs" aria-label={w.title}>
      <h2>{w.title}</h2>
      <Loaded from={jobs} lines={4}>
        {() => (
          <Table
            title={w.title}
            columns={columns}
            rows={rows.value ?? []}
            rowKey={({ id }) => id}
            pageSize={20}
            filter={heads.length >= kFilterFrom}
            csv={heads.length > 0}
            empty={heads.length === 0 ? <p class="hint">{w.none}</p> : undefined}
          />
        )}
      </Loaded>
      {heads.length >= wanted && <Button onClick={onMore}>{w.more}</Button>}
    </section>
  );
}
