// One job: its progress while it is running, its result afterwards.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { Empty } from "../../components/placeholders.js";
import { Ago } from "../../components/time.js";
import { toastError } from "../../components/toasts.js";
import { ServerError } from "../../net/errors.js";
import { cancelJob, isOver, type Job, resumeJob } from "../../net/jobs.js";
import { readForgetting, readVerdict } from "../../net/verdict.js";
import type { JobProgress } from "../../shared/job/job_progress.js";
import { useJob } from "../../shared/job/use_job.js";
import { Loaded } from "../../shared/loaded.js";
import { VerdictReport } from "../../shared/verdict/verdict_report.js";
import { Curves } from "./curves.js";
import { jobName, resumeText, timeTaken } from "./job_text.js";
import { StateBadge } from "./jobs_table.js";
import { NextSteps } from "./next_steps.js";
import { RunningJob } from "./running_job.js";
import { words } from "./strings.js";

export function JobPage({ id }: { id: string }) {
  const number = Number(id);
  return Number.isSafeInteger(number) && number > 0 ? <KnownJob id={number} /> : <NoSuchJob id={id} />;
}

const NoSuchJob = ({ id }: { id: string }) => (
  <Empty title={words.job.none(id)}>
    <a href={href("train")}>{words.job.back}</a>
  </Empty>
);

function KnownJob({ id }: { id: number }) {
  const { job, progress } = useJob(id);
  const isMissing = job.value === undefined && job.error instanceof ServerError && job.error.status === 404;
  if (isMissing) return <NoSuchJob id={String(id)} />;
  return (
    <>
      <p class="crumb">
        <a href={href("train")}>{words.job.back}</a>
      </p>
      <Loaded from={job} lines={6}>
        {(loaded) => (
          <>
            <Head job={loaded} progress={progress} onChange={job.reload} />
            <Body job={loaded} progress={progress} onChange={job.reload} />
          </>
        )}
      </Loaded>
    </>
  );
}

interface PartProps {
  job: Job;
  progress: JobProgress;
  onChange: () => void;
}

function Head({ job, progress, onChange }: PartProps) {
  const w = words.job;
  const time = timeTaken(job);
  const mode = progress.plan.mode;
  return (
    <header class="job-head">
      <div>
        <h2>
          {jobName(job)} <StateBadge state={job.state} />
        </h2>
        <p class="hint">
          {w.created} <Ago iso={job.created} />
          {time !== undefined && `, ${w.took(time)}`}
          {job.kind === "retrain" && mode !== undefined && `; ${w.modes[mode] ?? mode}`}
        </p>
      </div>
      {!isOver(job.state) && <CancelButton job={job} onChange={onChange} />}
    </header>
  );
}

function CancelButton({ job, onChange }: { job: Job; onChange: () => void }) {
  const w = words.job;
  const [requested, setRequested] = useState(false);
  const cancel = async (): Promise<void> => {
    if (!(await confirm({ title: w.cancelTitle, text: w.cancelText, yes: w.cancelYes, danger: true }))) return;
    setRequested(true);
    await cancelJob(job.id).catch((error: unknown) => {
      setRequested(false);
      toastError(error);
    });
    onChange();
  };
  const busy = requested || job.canceling === true;
  return (
    <Button icon="close" busy={busy} onClick={() => void cancel()}>
      {busy ? w.canceling : w.cancel}
    </Button>
  );
}

function Body({ job, progress, onChange }: PartProps) {
  const isRetraining = job.kind === "retrain";
  if (!isOver(job.state)) {
    return (
      <>
        <RunningJob job={job} progress={progress} />
        {isRetraining && <Curves progress={progress} />}
      </>
    );
  }
  return (
    <>
      {job.state === "succeeded" ? (
        <Succeeded job={job} onChange={onChange} />
      ) : (
        <Unfinished job={job} progress={progress} onChange={onChange} />
      )}
      {isRetraining && progress.epochs.length > 0 && <Curves progress={progress} />}
    </>
  );
}

function Succeeded({ job, onChange }: { job: Job; onChange: () => void }) {
  const { kind, result } = job;
  const verdict = readVerdict(result?.verdict);
  if (kind !== "retrain" || verdict === undefined || result?.version === undefined) return <OtherResult job={job} />;
  const { version, parent, promotion } = result;
  const forgetting = readForgetting(result.forgetting);
  const promoted = result.promoted === true;
  return (
    <VerdictReport
      verdict={verdict}
      forgetting={forgetting}
      promoted={promoted}
      version={version}
      parent={parent}
      promotion={promotion}
    >
      <NextSteps
        version={version}
        parent={parent}
        promoted={promoted}
        verdict={verdict}
        forgetting={forgetting}
        onChange={onChange}
      />
    </VerdictReport>
  );
}

// Of an import or an evaluation.
function OtherResult({ job: { kind, result } }: { job: Job }) {
  const w = words.result;
  const { version, added = 0, duplicates = 0, rejected = 0 } = result ?? {};
  return (
    <section class="card" aria-label={w.title}>
      {kind === "import" ? (
        <>
          <p>{w.imported(added, duplicates, rejected)}</p>
          <a class="button quiet" href={href("data", ["images"], { source: "import" })}>
            {w.showImages}
          </a>
        </>
      ) : (
        version !== undefined && (
          <>
            <p>{w.evaluated(version)}</p>
            <a class="button quiet" href={href("models", [version])}>
              {w.show(version)}
            </a>
          </>
        )
      )}
    </section>
  );
}

// A job that failed, or was canceled or interrupted.
function Unfinished({ job, progress, onChange }: PartProps) {
  const w = words.job;
  const [busy, setBusy] = useState(false);
  const resume = async (): Promise<void> => {
    setBusy(true);
    await resumeJob(job.id).catch(toastError);
    setBusy(false);
    onChange();
  };
  return (
    <section class="card job-ended" aria-label={words.jobs.states[job.state]}>
      {job.state === "canceled" ? (
        <p>{w.canceledText}</p>
      ) : (
        <>
          <h2>{job.state === "interrupted" ? w.interruptedTitle : w.failedTitle}</h2>
          <p class="ended-reason">{job.reason}</p>
        </>
      )}
      <div class="ended-next">
        {job.resumable && (
          <Button kind="primary" icon="again" busy={busy} onClick={() => void resume()}>
            {w.resume}
          </Button>
        )}
        {job.kind === "retrain" && (
          <a class="button quiet" href={href("train")}>
            {w.planNew}
          </a>
        )}
      </div>
      {job.resumable && progress.stateChanges > 0 && <p class="hint">{resumeText(progress.savedEpoch)}</p>}
    </section>
  );
}
