// Starts the training and shows its progress.
import { useEffect, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { lacksModel } from "../../app/service_status.js";
import { percent, roughTime } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { Progress } from "../../components/progress.js";
import { announce, toastError } from "../../components/toasts.js";
import { cancelJob, fetchJobs, isOver, type Job, type JobHead, startRetraining } from "../../net/jobs.js";
import { useResource } from "../../net/resource.js";
import { currentStep, fractionTrained, type JobProgress, secondsLeft } from "../../shared/job/job_progress.js";
import { useJob } from "../../shared/job/use_job.js";
import { ErrorNote } from "../../shared/loaded.js";
import { type ClassSize, canTrain, warningsOf } from "./checks.js";
import { isSending } from "./collect.js";
import { words } from "./strings.js";

const w = words.train;
const kJobs = 20;
const kEvery = 15_000; // milliseconds

export function TrainCard({ classes }: { classes: readonly ClassSize[] }) {
  const jobs = useResource((stop) => fetchJobs(kJobs, stop), { on: ["job"], gap: 200, every: kEvery });
  const [started, setStarted] = useState<JobHead>();
  const latest = jobs.value?.find(({ kind }) => kind === "retrain");
  const job = started !== undefined && started.id > (latest?.id ?? 0) ? started : latest;
  return (
    <section class="card make-train" aria-labelledby="make-train-title">
      <h2 id="make-train-title">{w.title}</h2>
      <Warnings classes={classes} />
      {job !== undefined && !isOver(job.state) ? (
        <Training id={job.id} />
      ) : (
        <>
          {job !== undefined && <Ended job={job} />}
          <StartButton classes={classes} onStart={setStarted} />
        </>
      )}
    </section>
  );
}

export function Warnings({ classes }: { classes: readonly ClassSize[] }) {
  if (!canTrain(classes)) return <p class="hint">{w.tooFew}</p>;
  const warnings = warningsOf(classes);
  return (
    <ul class="make-warnings" aria-label={w.warnings} aria-live="polite">
      {warnings.map((text) => (
        <li key={text}>
          <Icon name="warning" size={16} />
          <span>{text}</span>
        </li>
      ))}
      {warnings.length === 0 && (
        <li class="good">
          <Icon name="good" size={16} />
          <span>{w.good}</span>
        </li>
      )}
    </ul>
  );
}

interface StartButtonProps {
  classes: readonly ClassSize[];
  onStart: (job: JobHead) => void;
}

function StartButton({ classes, onStart }: StartButtonProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const start = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      onStart(await startRetraining({}));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  return (
    <>
      <Button
        kind={lacksModel.value ? "primary" : "quiet"}
        icon="train"
        busy={busy}
        disabled={!canTrain(classes) || isSending.value}
        onClick={() => void start()}
      >
        {lacksModel.value ? w.start : w.again}
      </Button>
      {isSending.value && <p class="hint">{w.sending}</p>}
      {error !== undefined && <ErrorNote error={error} />}
    </>
  );
}

function Ended({ job: { id, state, reason } }: { job: JobHead }) {
  return (
    <p class={state === "failed" ? "bad" : "hint"}>
      {state === "succeeded" ? w.done : w.failed(reason ?? state)} <a href={href("train", [id])}>{w.details}</a>
    </p>
  );
}

function Training({ id }: { id: number }) {
  const { job, progress } = useJob(id);
  const { state } = job.value ?? {};
  useEffect(() => {
    if (state === "succeeded") announce(w.done);
  }, [state]);
  const fraction = fractionTrained(progress);
  const cancel = (): void => void cancelJob(id).catch(toastError);
  return (
    <div class="make-progress">
      <Progress
        label={labelOf(job.value, progress)}
        value={fraction}
        detail={fraction === undefined ? undefined : detailOf(fraction, progress)}
        onCancel={cancel}
      />
      <Announcement fraction={fraction} />
      <a href={href("train", [id])}>{w.details}</a>
    </div>
  );
}

function labelOf(job: Job | undefined, progress: JobProgress): string {
  if (job === undefined || job.state === "queued") return w.queued;
  const step = currentStep(progress);
  if (step === "evaluate" || step === "finish") return w.evaluating;
  return fractionTrained(progress) === undefined ? w.starting : w.running;
}

function detailOf(fraction: number, progress: JobProgress): string {
  const left = secondsLeft(progress);
  return `${percent(fraction)}, ${left === undefined ? w.estimating : w.left(roughTime(left))}`;
}

const kAnnounced = 0.25; // of the training

// For screen readers, at every quarter.
function Announcement({ fraction = 0 }: { fraction?: number | undefined }) {
  const quarter = Math.floor(fraction / kAnnounced);
  useEffect(() => {
    if (quarter > 0) announce(`${w.running}: ${percent(quarter * kAnnounced)}`);
  }, [quarter]);
  return null;
}
