// Every job there was, with what came of it.
import { href } from "../../app/router.js";
import { duration } from "../../base/format.js";
import { type Job, type JobHead, type JobState, fetchJob, isOver } from "../../net/jobs.js";
import { type Resource, useResource } from "../../net/resource.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { type Column, Table } from "../../components/table.js";
import { Ago } from "../../components/time.js";
import { Loaded } from "../../shared/loaded.js";
import { jobName, outcomeOf, took } from "./story.js";
import { words } from "./strings.js";

const tones: Record<JobState, Tone> = { queued: "plain", running: "server", succeeded: "good", failed: "bad", canceled: "plain", interrupted: "warn" };

export const StateBadge = ({ state }: { state: JobState }) => <Badge tone={tones[state]}>{words.jobs.states[state] ?? state}</Badge>;

// Results are told of single jobs only; those that have ended stay as they are.
const results = new Map<string, Job>();

async function withResult(head: JobHead, stop: AbortSignal): Promise<Job> {
  if (!isOver(head.state) || head.state !== "succeeded") return { ...head, history: [], result: null };
  const key = `${head.id} ${head.ended ?? ""}`;
  const known = results.get(key) ?? (await fetchJob(head.id, stop));
  results.set(key, known);
  return known;
}

const w = words.jobs;
const columns: Column<Job>[] = [
  {
    id: "id",
    title: w.job,
    value: ({ id }) => id,
    cell: (job) => <a href={href("train", [job.id])}>{jobName(job)}</a>,
  },
  { id: "state", title: w.state, value: ({ state }) => w.states[state] ?? state, cell: ({ state }) => <StateBadge state={state} /> },
  { id: "outcome", title: w.outcome, value: (job) => outcomeOf(job), cell: (job) => <span class="outcome">{outcomeOf(job)}</span> },
  { id: "when", title: w.when, value: ({ created }) => created, cell: ({ created }) => <Ago iso={created} /> },
  {
    id: "took",
    title: w.took,
    value: (job) => took(job),
    cell: (job) => {
      const seconds = took(job);
      return seconds === undefined ? "" : duration(Math.max(1, Math.round(seconds)));
    },
    numeric: true,
  },
];

export interface JobsTableProps {
  jobs: Resource<JobHead[]>;
  wanted: number; // how many were asked for
  onMore: () => void;
}

export function JobsTable({ jobs, wanted, onMore }: JobsTableProps) {
  const heads = jobs.value ?? [];
  const whole = useResource((stop) => Promise.all(heads.map((head) => withResult(head, stop))), {
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
            rows={whole.value ?? []}
            rowKey={({ id }) => id}
            pageSize={20}
            filter={heads.length > 12}
            csv={heads.length > 0}
            empty={heads.length === 0 ? <p class="hint">{w.none}</p> : undefined}
          />
        )}
      </Loaded>
      {heads.length >= wanted && <Button onClick={onMore}>{w.more}</Button>}
    </section>
  );
}
