// Evaluates a version on the test images of this server.
import { useEffect, useRef, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { percent } from "../../base/format.js";
import { words as baseWords } from "../../base/strings.js";
import { Button } from "../../components/button.js";
import { Progress } from "../../components/progress.js";
import { toast, toastError } from "../../components/toasts.js";
import { readVersion } from "../../inference/model_info.js";
import { fetchDataset } from "../../net/dataset.js";
import { AccessError } from "../../net/errors.js";
import { cancelJob, fetchJob, fetchJobs, type JobHead, startEvaluation } from "../../net/jobs.js";
import { onLive } from "../../net/live.js";
import { fetchEvaluation, fetchVersion } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { ErrorNote } from "../../shared/loaded.js";
import {
  type Candidate,
  canEvaluate,
  evaluationText,
  isActive,
  latestEvaluation,
  progressText,
} from "./evaluation_status.js";
import { words } from "./strings.js";

const w = words.evaluate;
const kEvery = 5_000; // milliseconds; also when the token may not read the events
const kJobs = 50; // searched for the latest evaluation

async function fetchCandidate(version: number, stop: AbortSignal): Promise<Candidate> {
  const loaded = await fetchVersion(version, stop);
  return { number: version, classes: readVersion(loaded).classes, removed: loaded.removed !== undefined };
}

interface EvaluateVersionProps {
  version: number;
  onDone: (succeeded: boolean) => void;
}

export function EvaluateVersion({ version, onDone }: EvaluateVersionProps) {
  const jobs = useResource((stop) => fetchJobs(kJobs, stop), { on: ["job"], gap: 200, every: kEvery });
  const [starting, setStarting] = useState(false);
  const [error, setError] = useState<unknown>();
  const latest = latestEvaluation(jobs.value ?? [], version);
  const running = latest !== undefined && isActive(latest);
  useWhenDone(latest, onDone);
  useEffect(() => setError(undefined), [version]);
  const start = async (): Promise<void> => {
    setStarting(true);
    setError(undefined);
    await startEvaluation(version).catch(setError);
    jobs.reload();
    setStarting(false);
  };
  return (
    <section class="insights-evaluate" aria-label={w.title}>
      {running ? (
        <RunningEvaluation job={latest} version={version} />
      ) : (
        <StartForm version={version} starting={starting} onStart={() => void start()} />
      )}
      {!running && latest && w.states[latest.state] && (
        <p class="hint">
          {w.ended(latest.id, w.states[latest.state] ?? "")} {latest.reason}
        </p>
      )}
      {error !== undefined && <ErrorNote error={error} onRetry={() => void start()} />}
    </section>
  );
}

interface StartFormProps {
  version: number;
  starting: boolean;
  onStart: () => void;
}

function StartForm({ version, starting, onStart }: StartFormProps) {
  const data = useResource(fetchDataset, { every: 6 * kEvery });
  const candidate = useResource((stop) => fetchCandidate(version, stop), { keys: [version], on: ["model"] });
  // While another version is loading, nothing is known.
  const known = candidate.value?.number === version ? candidate.value : undefined;
  const denied = data.error instanceof AccessError;
  const possible = denied ? false : canEvaluate(data.value, known);
  const needsData = possible === false && !denied && known?.removed === false;
  return (
    <div class="insights-start">
      <p>
        {denied ? baseWords.access.adminNeeded : data.value && known && evaluationText(data.value, known)}{" "}
        {needsData && <a href={href("data")}>{w.toData}</a>}
      </p>
      <Button
        kind="primary"
        busy={starting}
        disabled={possible === false}
        label={w.nowLabel(version)}
        onClick={onStart}
      >
        {w.now}
      </Button>
    </div>
  );
}

function RunningEvaluation({ job, version }: { job: JobHead; version: number }) {
  const [phase, setPhase] = useState<string>();
  useEffect(
    () => onLive("progress", ({ id, progress }) => id === job.id && setPhase((before) => progress.phase ?? before)),
    [job.id],
  );
  const cancel = (): void => void cancelJob(job.id).catch(toastError);
  return <Progress label={w.running(version, job.id)} detail={progressText(job, phase)} onCancel={cancel} />;
}

// Reports the result of a job once, if it was seen running.
function useWhenDone(job: JobHead | undefined, onDone: (succeeded: boolean) => void): void {
  const seen = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (job === undefined) return;
    if (isActive(job)) {
      seen.current = job.id;
    } else if (seen.current === job.id) {
      seen.current = undefined;
      onDone(job.state === "succeeded");
      if (job.state === "succeeded") void reportResult(job).catch(toastError);
    }
  }, [job?.id, job?.state]);
}

async function reportResult(job: JobHead): Promise<void> {
  const { result } = await fetchJob(job.id);
  if (result?.version === undefined || result.evaluation === undefined) return;
  const { evaluation } = await fetchEvaluation(result.version, result.evaluation);
  const { accuracy } = evaluation.metrics;
  if (typeof accuracy !== "number") return;
  toast({ text: w.done(result.version, percent(accuracy), evaluation.data.count), tone: "good" });
}
