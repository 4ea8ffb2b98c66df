// The training data of the bundled model, imported by a job of the server.
import { useEffect, useState } from "preact/hooks";
import { bytes, count } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Progress as ProgressBar } from "../../components/progress.js";
import { toastError } from "../../components/toasts.js";
import {
  cancelJob,
  fetchJob,
  fetchJobs,
  isOver,
  type Job,
  type JobHead,
  type Progress,
  resumeJob,
  startImport,
} from "../../net/jobs.js";
import { onLive } from "../../net/live.js";
import { useResource } from "../../net/resource.js";
import { ErrorNote } from "../../shared/loaded.js";
import { words } from "./strings.js";

const kJobs = 50; // searched for the latest import
const kEvery = 5_000; // milliseconds
const w = words.cifar10;

type ImportJob = JobHead & Partial<Pick<Job, "result">>;

// The latest import, if there is one.
async function latestImport(stop: AbortSignal): Promise<ImportJob | undefined> {
  const head = (await fetchJobs(kJobs, stop)).find(({ kind }) => kind === "import");
  return head && (head.state === "succeeded" ? fetchJob(head.id, stop) : head);
}

export function Cifar10Import() {
  const latest = useResource(latestImport, { on: ["job"], gap: 200, every: kEvery });
  const job = latest.value;
  const run = async (request: Promise<unknown>): Promise<void> => {
    await request.catch(toastError);
    latest.reload();
  };
  return (
    <section class="card data-info" aria-label={w.title}>
      <h2>{w.title}</h2>
      {w.text.map((text) => (
        <p key={text}>{text}</p>
      ))}
      {job && !isOver(job.state) ? (
        <RunningImport job={job} onCancel={() => void run(cancelJob(job.id))} />
      ) : (
        <ImportForm job={job} onRun={(request) => void run(request)} />
      )}
    </section>
  );
}

interface ImportFormProps {
  job: ImportJob | undefined; // the latest import, which has ended
  onRun: (request: Promise<unknown>) => void;
}

function ImportForm({ job, onRun }: ImportFormProps) {
  const canResume = job && (job.state === "failed" || job.state === "interrupted") && job.resumable;
  const start = (): void => onRun(canResume ? resumeJob(job.id) : startImport());
  return (
    <>
      {job?.state === "succeeded" && (
        <p class="import-done">{w.done(job.result?.added ?? 0, job.result?.duplicates ?? 0)}</p>
      )}
      {job?.state === "canceled" && <p class="hint">{w.canceled}</p>}
      {canResume && <ErrorNote error={new Error(job.reason ?? w.failed)} />}
      <Button icon={canResume ? "again" : "download"} onClick={start}>
        {canResume ? w.resume : w.download}
      </Button>
    </>
  );
}

function RunningImport({ job, onCancel }: { job: JobHead; onCancel: () => void }) {
  const [now, setNow] = useState<Progress>({});
  useEffect(() => onLive("progress", ({ id, progress }) => id === job.id && setNow(progress)), [job.id]);
  const total = now.phase === "downloading" && now.total_bytes ? now.total_bytes : undefined;
  const value = total === undefined ? now.fraction : (now.bytes ?? 0) / total;
  return <ProgressBar label={w.downloading} value={value} detail={detailOf(job, now)} onCancel={onCancel} />;
}

function detailOf({ state }: JobHead, { phase, bytes: done, total_bytes: total, files }: Progress): string | undefined {
  if (state === "queued") return w.queued;
  if (phase === "downloading" && total) return w.downloaded(bytes(done ?? 0), bytes(total));
  return phase === "importing" ? w.importing(count(files ?? 0)) : undefined;
}
