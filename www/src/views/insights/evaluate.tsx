// Measures a version on the test images of this machine, when there are any.
import { useEffect, useRef, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { ErrorNote } from "../../shared/loaded.js";
import { count } from "../../base/format.js";
import { readVersion } from "../../inference/model_info.js";
import { getJson, sendJson } from "../../net/api.js";
import { AccessError } from "../../net/errors.js";
import { fetchVersion } from "../../net/models.js";
import { onLive } from "../../net/live.js";
import { useResource } from "../../net/resource.js";
import { Button } from "../../components/button.js";
import { Progress } from "../../components/progress.js";
import { toast, toastError } from "../../components/toasts.js";
import { words as frame } from "../../base/strings.js";
import { type Job, type TestData, type Tested, canEvaluate, isAtWork, latestEvaluation, progressText, whyOrWhat } from "./evaluation_story.js";
import { words } from "./strings.js";
import { share } from "./to_spec.js";

const kEvery = 5_000; // milliseconds; also when the events cannot be watched

export function Evaluate({ version, onDone }: { version: number; onDone: (succeeded: boolean) => void }) {
  const w = words.evaluate;
  const data = useResource((stop) => getJson<TestData>("api/v1/dataset", stop), { every: 6 * kEvery });
  const tested = useResource((stop) => fetchTested(version, stop), { keys: [version], on: ["model"] });
  // Nothing is said of a version by what is known of another.
  const known = tested.value?.number === version ? tested.value : undefined;
  const jobs = useResource(async (stop) => (await getJson<{ jobs: Job[] }>("api/v1/jobs?limit=50", stop)).jobs, {
    on: ["job"],
    gap: 200,
    every: kEvery,
  });
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<unknown>();
  const latest = latestEvaluation(jobs.value ?? [], version);
  const running = latest !== undefined && isAtWork(latest);
  useWhenDone(latest, onDone);
  useEffect(() => setRefused(undefined), [version]);
  const start = async (): Promise<void> => {
    setAsking(true);
    setRefused(undefined);
    await sendJson("POST", `api/v1/models/${version}/evaluations`, { split: "test" }).catch(setRefused);
    jobs.reload();
    setAsking(false);
  };
  const barred = data.error instanceof AccessError;
  const possible = barred ? false : canEvaluate(data.value, known);
  return (
    <section class="insights-evaluate" aria-label={w.title}>
      {running ? (
        <Running job={latest} version={version} />
      ) : (
        <div class="insights-start">
          <p>
            {barred ? frame.access.adminNeeded : data.value && known && whyOrWhat(data.value, known)}{" "}
            {possible === false && !barred && known?.removed === false && <a href={href("data")}>{w.toData}</a>}
          </p>
          <Button kind="primary" busy={asking} disabled={possible === false} label={w.nowLabel(version)} onClick={() => void start()}>
            {w.now}
          </Button>
        </div>
      )}
      {!running && latest && w.states[latest.state] && (
        <p class="hint">
          {w.ended(latest.id, w.states[latest.state] ?? "")} {latest.reason}
        </p>
      )}
      {refused !== undefined && <ErrorNote error={refused} onRetry={() => void start()} />}
    </section>
  );
}

async function fetchTested(version: number, stop: AbortSignal): Promise<Tested> {
  const found = await fetchVersion(version, stop);
  return { number: version, classes: readVersion(found).classes, removed: found.removed !== undefined };
}

function Running({ job, version }: { job: Job; version: number }) {
  const [phase, setPhase] = useState<string>();
  useEffect(
    () => onLive("progress", ({ id, progress }) => id === job.id && typeof progress["phase"] === "string" && setPhase(progress["phase"])),
    [job.id],
  );
  const cancel = (): void => void sendJson("DELETE", `api/v1/jobs/${job.id}`).catch(toastError);
  return <Progress label={words.evaluate.running(version, job.id)} detail={progressText(job, phase)} onCancel={cancel} />;
}

interface Done {
  result: { version: number; evaluation: number } | null;
}

interface Measured {
  evaluation: { data: { count: number }; metrics: { accuracy: number } };
}

// Tells once what came of a job that was seen at work.
function useWhenDone(job: Job | undefined, onDone: (succeeded: boolean) => void): void {
  const seen = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (job === undefined) return;
    if (isAtWork(job)) {
      seen.current = job.id;
    } else if (seen.current === job.id) {
      seen.current = undefined;
      onDone(job.state === "succeeded");
      if (job.state === "succeeded") void tell(job).catch(toastError);
    }
  }, [job?.id, job?.state]);
}

async function tell(job: Job): Promise<void> {
  const { result } = await getJson<Done>(`api/v1/jobs/${job.id}`);
  if (result === null) return;
  const { version, evaluation: id } = result;
  const { evaluation } = await getJson<Measured>(`api/v1/models/${version}/evaluations/${id}`);
  const n = evaluation.data.count;
  toast({ text: words.evaluate.done(version, share(evaluation.metrics.accuracy), n, count(n)), tone: "good" });
}
