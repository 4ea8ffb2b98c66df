// Retraining: the plan, the running job, the results.
import { useState } from "preact/hooks";
import type { ViewProps } from "../../app/route_props.js";
import { fetchJobs, isOver } from "../../net/jobs.js";
import { useResource } from "../../net/resource.js";
import { JobPage } from "./job_page.js";
import { JobsTable } from "./jobs_table.js";
import { PlanCard } from "./plan_card.js";

const kEvery = 15_000; // milliseconds
const kFirstJobs = 20;
const kMoreJobs = 100; // added by each click on "more"

export default function Train({ route }: ViewProps) {
  const [id] = route.rest;
  return id === undefined ? <PlanAndJobs /> : <JobPage key={id} id={id} />;
}

function PlanAndJobs() {
  const [wanted, setWanted] = useState(kFirstJobs);
  const jobs = useResource((stop) => fetchJobs(wanted, stop), { keys: [wanted], on: ["job"], gap: 200, every: kEvery });
  const running = jobs.value?.find(({ kind, state }) => kind === "retrain" && !isOver(state));
  return (
    <>
      <PlanCard running={running} />
      <JobsTable jobs={jobs} wanted={wanted} onMore={() => setWanted(wanted + kMoreJobs)} />
    </>
  );
}
