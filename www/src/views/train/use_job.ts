// A job with everything it tells, as it tells it.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Job, fetchJob, followJob, isOver } from "../../net/jobs.js";
import { type Resource, useResource } from "../../net/resource.js";
import { token } from "../../net/token.js";
import { type Told, kNothing, take, toldBy } from "./told.js";

const kEvery = 10_000; // milliseconds; in case its events cannot be had

export function useJob(id: number): { job: Resource<Job>; told: Told } {
  const [told, setTold] = useState<Told>(kNothing);
  const job = useResource((stop) => fetchJob(id, stop), { keys: [id, told.changes], on: ["job"], gap: 200, every: kEvery });
  const over = job.value?.id === id && isOver(job.value.state);
  // The events of a job that has ended end too; one that is resumed has more.
  const [run, setRun] = useState(0);
  const wasOver = useRef(false);
  useEffect(() => {
    if (wasOver.current && !over) setRun((n) => n + 1);
    wasOver.current = over;
  }, [over]);
  useEffect(() => setTold(kNothing), [id]);
  useEffect(() => followJob(id, (event) => setTold((before) => take(before, event))), [id, run, token.value]);
  const known = job.value?.id === id ? job.value : undefined;
  // Events come a moment later than the answer, and may not come at all.
  const base = known && !told.again && told.epochs.length < known.history.length ? { ...told, start: toldBy(known).start, epochs: known.history } : told;
  return { job: { ...job, value: known }, told: base };
}
