// The old images of the bundled model, fetched by a job of the server.
import { useEffect, useState } from "preact/hooks";
import { bytes, count } from "../../base/format.js";
import { type ImportResult, type JobHead, type Progress as How, cancelJob, fetchJob, fetchJobs, isOver, resumeJob, startJob } from "../../net/jobs.js";
import { onLive } from "../../net/live.js";
import { useResource } from "../../net/resource.js";
import { Button } from "../../components/button.js";
import { Progress } from "../../components/progress.js";
import { toastError } from "../../components/toasts.js";
import { ErrorNote } from "../../shared/loaded.js";
import { words } from "./strings.js";

const kLooked = 50; // jobs
const kEvery = 5_000; // milliseconds

type Import = JobHead & { result?: ImportResult | null };

// The latest import, if there was one.
async function latestImport(stop: AbortSignal): Promise<Import | undefined> {
  const head = (await fetchJobs(kLooked, stop)).find(({ kind }) => kind === "import");
  return head && (head.state === "succeeded" ? fetchJob(head.id, stop) : head);
}

export function Cifar() {
  const w = words.cifar;
  const latest = useResource(latestImport, { on: ["job"], gap: 200, every: kEvery });
  const job = latest.value;
  const act = async (what: Promise<unknown>): Promise<void> => {
    await what.catch(toastError);
    latest.reload();
  };
  const again = job && (job.state === "failed" || job.state === "interrupted") && job.resumable;
  return (
    <section class="card data-explain" aria-label={w.title}>
      <h2>{w.title}</h2>
      {w.text.map((text) => (
        <p key={text}>{text}</p>
      ))}
      {job && !isOver(job.state) ? (
        <Fetching job={job} onCancel={() => void act(cancelJob(job.id))} />
      ) : (
        <>
          {job?.state === "succeeded" && <p class="cifar-done">{w.done(count(job.result?.added ?? 0), count(job.result?.duplicates ?? 0))}</p>}
          {job?.state === "canceled" && <p class="hint">{w.canceled}</p>}
          {again && <ErrorNote error={new Error(job.reason ?? w.failed)} />}
          <Button icon={again ? "again" : "download"} onClick={() => void act(again ? resumeJob(job.id) : startJob("import", { source: "cifar10" }))}>
            {again ? w.resume : w.fetch}
          </Button>
        </>
      )}
    </section>
  );
}

function Fetching({ job, onCancel }: { job: JobHead; onCancel: () => void }) {
  const [how, setHow] = useState<How>({});
  useEffect(() => onLive("progress", ({ id, progress }) => id === job.id && setHow(progress)), [job.id]);
  const w = words.cifar;
  const known = how.phase === "downloading" && how.total_bytes ? (how.bytes ?? 0) / how.total_bytes : how.fraction;
  const detail =
    job.state === "queued"
      ? w.queued
      : how.phase === "downloading" && how.total_bytes
        ? w.downloading(bytes(how.bytes ?? 0), bytes(how.total_bytes))
        : how.phase === "importing"
          ? w.importing(count(how.files ?? 0))
          : undefined;
  return <Progress label={w.fetching} value={known} detail={detail} onCancel={onCancel} />;
}
