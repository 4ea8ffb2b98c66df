// A job that is queued or running: step, progress and remaining time.
import { useMemo, useRef, useState } from "preact/hooks";
import { bytes, count, duration, percent, roughTime } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { Progress } from "../../components/progress.js";
import { Sparkline } from "../../components/sparkline.js";
import { Stat, Stats } from "../../components/stat.js";
import { useNow } from "../../components/time.js";
import { serverState } from "../../net/http.js";
import type { Job } from "../../net/jobs.js";
import {
  currentStep,
  fractionTrained,
  type JobProgress,
  kRestartPhase,
  type Step,
  secondsLeft,
  steps,
} from "../../shared/job/job_progress.js";

import { words } from "./strings.js";

const w = words.job;

interface RunningProps {
  job: Job;
  progress: JobProgress;
}

export function RunningJob({ job, progress }: RunningProps) {
  if (job.state === "queued") {
    return (
      <section class="card" aria-label={w.stepsLabel}>
        <p>{w.queuedText}</p>
      </section>
    );
  }
  return (
    <section class="card job-progress" aria-label={w.stepsLabel}>
      {job.kind === "retrain" ? (
        <Retraining job={job} progress={progress} />
      ) : (
        <OtherJob job={job} progress={progress} />
      )}
      <NotifyButton />
    </section>
  );
}

const permission = (): NotificationPermission =>
  typeof Notification === "undefined" || !isSecureContext ? "denied" : Notification.permission;

// Asks the browser for permission to notify, which needs a click.
function NotifyButton() {
  const [now, setNow] = useState(permission);
  const [asked, setAsked] = useState(false);
  const ask = async (): Promise<void> => {
    setNow(await Notification.requestPermission());
    setAsked(true);
  };
  if (now === "default") return <Button onClick={() => void ask()}>{w.notify}</Button>;
  if (now === "granted") return <p class="hint">{w.notified}</p>;
  return asked ? <p class="hint">{w.notifyDenied}</p> : null;
}

function Elapsed({ job, progress }: RunningProps) {
  const now = useNow(1000);
  // While the server is unreachable, the clock stops: the job's state is not known.
  const away = serverState.value === "away";
  const lastKnown = useRef(now);
  if (!away) lastKnown.current = now;
  const left = secondsLeft(progress);
  const parts = [
    job.started && w.elapsed(duration((lastKnown.current - Date.parse(job.started)) / 1000)),
    away ? w.lastKnown : left !== undefined && w.left(roughTime(left)),
  ];
  return <>{parts.filter(Boolean).join(", ")}</>;
}

function Retraining({ job, progress }: RunningProps) {
  const step = currentStep(progress);
  const fraction = step === "train" ? fractionTrained(progress) : undefined;
  return (
    <>
      <StepList current={step} />
      <Progress label={w.steps[step]} value={fraction} detail={<Elapsed job={job} progress={progress} />} />
      {progress.progress.phase === kRestartPhase && <p class="hint">{w.startingOver}</p>}
      <TrainingStats progress={progress} />
    </>
  );
}

function StepList({ current }: { current: Step }) {
  const at = steps.indexOf(current);
  return (
    <ol class="steps" aria-label={w.stepsLabel}>
      {steps.map((id, i) => {
        const state = i === at ? "now" : i < at ? "done" : "later";
        return (
          <li key={id} class={state} aria-current={state === "now" ? "step" : undefined}>
            <span class="step-mark">{state === "done" && <Icon name="check" size={14} />}</span>
            {w.steps[id]}
            {state === "done" && <span class="unseen">, {w.stepDone}</span>}
          </li>
        );
      })}
    </ol>
  );
}

function TrainingStats({ progress: { progress, points, epochs, plan } }: { progress: JobProgress }) {
  const speeds = useMemo(() => points.map(({ speed }) => speed ?? null), [points]);
  const epoch = progress.epoch ?? epochs.at(-1)?.epoch;
  const accuracy = epochs.filter(({ val_accuracy }) => val_accuracy !== undefined).at(-1)?.val_accuracy;
  const all = progress.epochs ?? plan.epochs;
  const speed = progress.images_per_second;
  if (epoch === undefined) return null;
  return (
    <Stats label={w.stepsLabel} minor>
      <Stat
        name={w.epochStat}
        value={count(epoch)}
        detail={all === undefined ? undefined : w.epochDetail(count(all))}
      />
      <Stat
        name={w.accuracy}
        value={accuracy === undefined ? undefined : percent(accuracy)}
        detail={w.accuracyDetail}
      />
      {speed !== undefined && (
        <Stat name={w.speed} value={count(speed)}>
          <Sparkline values={speeds} label={w.speedShape} from={0} />
        </Stat>
      )}
    </Stats>
  );
}

// Imports and evaluations have no epochs.
function OtherJob({ job, progress }: RunningProps) {
  const { phase, bytes: done, total_bytes: total, files, fraction } = progress.progress;
  const hasBytes = done !== undefined && total;
  const detail = hasBytes ? `${bytes(done)} / ${bytes(total)}` : files !== undefined ? count(files) : undefined;
  return (
    <Progress
      label={phase ?? words.jobs.kinds[job.kind] ?? job.kind}
      value={hasBytes ? done / total : fraction}
      detail={detail ?? <Elapsed job={job} progress={progress} />}
    />
  );
}
