// One job: how it goes while it is at work, what came of it afterwards.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { count, duration } from "../../base/format.js";
import { ServerError } from "../../net/errors.js";
import { type Job, cancelJob, isOver, resumeJob } from "../../net/jobs.js";
import { readForgetting, readVerdict } from "../../net/verdict.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { Empty } from "../../components/placeholders.js";
import { Ago } from "../../components/time.js";
import { toastError } from "../../components/toasts.js";
import { Loaded } from "../../shared/loaded.js";
import { VerdictStory } from "../../shared/verdict/verdict_story.js";
import { Curves } from "./curves.js";
import { StateBadge } from "./jobs_table.js";
import { Live } from "./live.js";
import { NextSteps } from "./next_steps.js";
import { jobName, resumeSentence, took } from "./story.js";
import { words } from "./strings.js";
import type { Told } from "./told.js";
import { useJob } from "./use_job.js";

export function JobPage({ id }: { id: string }) {
  const number = Number(id);
  return Number.isSafeInteger(number) && number > 0 ? <Known id={number} /> : <NoSuchJob id={id} />;
}

const NoSuchJob = ({ id }: { id: string }) => (
  <Empty title={words.job.none(id)}>
    <a href={href("train")}>{words.job.back}</a>
  </Empty>
);

function Known({ id }: { id: number }) {
  const { job, told } = useJob(id);
  if (job.value === undefined && job.error instanceof ServerError && job.error.status === 404) return <NoSuchJob id={String(id)} />;
  return (
    <>
      <p class="crumb">
        <a href={href("train")}>{words.job.back}</a>
      </p>
      <Loaded from={job} lines={6}>
        {(known) => (
          <>
            <Head job={known} told={told} onChange={job.reload} />
            <Middle job={known} told={told} onChange={job.reload} />
          </>
        )}
      </Loaded>
    </>
  );
}

interface PartProps {
  job: Job;
  told: Told;
  onChange: () => void;
}

function Head({ job, told, onChange }: PartProps) {
  const w = words.job;
  const seconds = took(job);
  const mode = told.start.mode;
  return (
    <header class="job-head">
      <div>
        <h2>
          {jobName(job)} <StateBadge state={job.state} />
        </h2>
        <p class="hint">
          {w.asked} <Ago iso={job.created} />
          {seconds !== undefined && `, ${w.took(duration(Math.max(1, Math.round(seconds))))}`}
          {job.kind === "retrain" && mode !== undefined && `; ${w.modes[mode] ?? mode}`}
        </p>
      </div>
      {!isOver(job.state) && <CancelButton job={job} onChange={onChange} />}
    </header>
  );
}

function CancelButton({ job, onChange }: { job: Job; onChange: () => void }) {
  const w = words.job;
  const [asked, setAsked] = useState(false);
  const cancel = async (): Promise<void> => {
    if (!(await confirm({ title: w.cancelTitle, text: w.cancelText, yes: w.cancelYes, danger: true }))) return;
    setAsked(true);
    await cancelJob(job.id).catch((error: unknown) => {
      setAsked(false);
      toastError(error);
    });
    onChange();
  };
  const busy = asked || job.canceling === true;
  return (
    <Button icon="close" busy={busy} onClick={() => void cancel()}>
      {busy ? w.canceling : w.cancel}
    </Button>
  );
}

function Middle({ job, told, onChange }: PartProps) {
  const retrain = job.kind === "retrain";
  if (!isOver(job.state)) {
    return (
      <>
        <Live job={job} told={told} />
        {retrain && <Curves told={told} />}
      </>
    );
  }
  return (
    <>
      {job.state === "succeeded" ? <Succeeded job={job} onChange={onChange} /> : <Ended job={job} told={told} onChange={onChange} />}
      {retrain && told.epochs.length > 0 && <Curves told={told} />}
    </>
  );
}

function Succeeded({ job, onChange }: { job: Job; onChange: () => void }) {
  const w = words.measured;
  const { result } = job;
  const verdict = readVerdict(result?.verdict);
  if (job.kind === "retrain" && verdict && result?.version !== undefined) {
    const forgetting = readForgetting(result.forgetting);
    return (
      <VerdictStory
        verdict={verdict}
        forgetting={forgetting}
        promoted={result.promoted === true}
        version={result.version}
        parent={result.parent}
        promotion={result.promotion}
      >
        <NextSteps version={result.version} parent={result.parent} promoted={result.promoted === true} verdict={verdict} forgetting={forgetting} onChange={onChange} />
      </VerdictStory>
    );
  }
  const version = result?.version;
  return (
    <section class="card" aria-label={w.title}>
      {job.kind === "import" ? (
        <>
          <p>{w.imported(count(result?.added ?? 0), count(result?.duplicates ?? 0), count(result?.rejected ?? 0))}</p>
          <a class="button quiet" href={href("data", ["images"], { source: "import" })}>
            {w.data}
          </a>
        </>
      ) : (
        version !== undefined && (
          <>
            <p>{w.text(version)}</p>
            <a class="button quiet" href={href("models", [version])}>
              {w.look(version)}
            </a>
          </>
        )
      )}
    </section>
  );
}

// It came to nothing, or not yet.
function Ended({ job, told, onChange }: PartProps) {
  const w = words.job;
  const [busy, setBusy] = useState(false);
  const resume = async (): Promise<void> => {
    setBusy(true);
    await resumeJob(job.id).catch(toastError);
    setBusy(false);
    onChange();
  };
  const canceled = job.state === "canceled";
  return (
    <section class="card job-ended" aria-label={words.jobs.states[job.state]}>
      {canceled ? (
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
            {w.anew}
          </a>
        )}
      </div>
      {job.resumable && told.changes > 0 && <p class="hint">{resumeSentence(told.saved)}</p>}
    </section>
  );
}

