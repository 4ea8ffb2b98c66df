// Teaching the model what is new: what it would take, how it goes, what came of it.
import { useState } from "preact/hooks";
import type { ViewProps } from "../../app/route_props.js";
import { fetchJobs, isOver } from "../../net/jobs.js";
import { useResource } from "../../net/resource.js";
import { JobPage } from "./job_page.js";
import { JobsTable } from "./jobs_table.js";
import { PlanCard } from "./plan_card.js";

const kEvery = 15_000; // milliseconds
const kLooked = 20; // jobs, at first and more each time

export default function Train({ route }: ViewProps) {
  const [id] = route.rest;
  return id === undefined ? <Begin /> : <JobPage key={id} id={id} />;
}

function Begin() {
  const [wanted, setWanted] = useState(kLooked);
  const jobs = useResource((stop) => fetchJobs(wanted, stop), { keys: [wanted], on: ["job"], gap: 200, every: kEvery });
  const running = jobs.value?.find(({ kind, state }) => kind === "retrain" && !isOver(state));
  return (
    <>
      <PlanCard running={running} />
      <JobsTable jobs={jobs} wanted={wanted} onMore={() => setWanted(wanted + 5 * kLooked)} />
    </>
  );
}
