// A job at work: where it is, how far, how long it may still take.
import { useMemo, useRef } from "preact/hooks";
import { bytes, count, duration, percent } from "../../base/format.js";
import { serverState } from "../../net/api.js";
import type { Job } from "../../net/jobs.js";
import { Icon } from "../../components/icon.js";
import { Progress } from "../../components/progress.js";
import { Sparkline } from "../../components/sparkline.js";
import { Stat, Stats } from "../../components/stat.js";
import { useNow } from "../../components/time.js";
import { roughTime } from "./story.js";
import { words } from "./strings.js";
import { type Told, secondsLeft, shareOf, stepNow, steps } from "./told.js";

export function Live({ job, told }: { job: Job; told: Told }) {
  const w = words.job;
  if (job.state === "queued") return <section class="card" aria-label={w.stepsLabel}><p>{w.queuedText}</p></section>;
  return (
    <section class="card job-live" aria-label={w.stepsLabel}>
      {job.kind === "retrain" ? <Retraining job={job} told={told} /> : <Other job={job} told={told} />}
    </section>
  );
}

function Elapsed({ job, told }: { job: Job; told: Told }) {
  const w = words.job;
  const ticking = useNow(1000);
  // Whether it goes on is not known while nobody answers.
  const away = serverState.value === "away";
  const heard = useRef(ticking);
  if (!away) heard.current = ticking;
  const left = secondsLeft(told);
  const parts = [
    job.started && w.elapsed(duration((heard.current - Date.parse(job.started)) / 1000)),
    away ? w.lastHeard : left !== undefined && w.left(roughTime(left)),
  ];
  return <>{parts.filter(Boolean).join(", ")}</>;
}

function Retraining({ job, told }: { job: Job; told: Told }) {
  const w = words.job;
  const step = stepNow(told);
  const share = step === "learn" ? shareOf(told) : undefined;
  return (
    <>
      <ol class="steps" aria-label={w.stepsLabel}>
        {steps.map((id) => {
          const state = id === step ? "now" : steps.indexOf(id) < steps.indexOf(step) ? "done" : "later";
          return (
            <li key={id} class={state} aria-current={state === "now" ? "step" : undefined}>
              <span class="step-mark">{state === "done" && <Icon name="check" size={14} />}</span>
              {w.steps[id]}
              {state === "done" && <span class="unseen">, {w.stepDone}</span>}
            </li>
          );
        })}
      </ol>
      <Progress label={w.steps[step]} value={share} detail={<Elapsed job={job} told={told} />} />
      {told.progress.phase === "starting anew" && <p class="hint">{w.anewNow}</p>}
      <Numbers told={told} />
    </>
  );
}

function Numbers({ told }: { told: Told }) {
  const w = words.job;
  const speeds = useMemo(() => told.points.map(({ speed }) => speed ?? null), [told.points]);
  const { epoch, images_per_second: speed } = told.progress;
  const round = epoch ?? told.epochs.at(-1)?.epoch;
  const val = told.epochs.filter(({ val_accuracy }) => val_accuracy !== undefined).at(-1)?.val_accuracy;
  const all = told.progress.epochs ?? told.start.epochs;
  if (round === undefined) return null;
  return (
    <Stats label={w.stepsLabel} minor>
      <Stat name={w.epochStat} value={count(round)} detail={all === undefined ? undefined : w.epochDetail(count(all))} />
      <Stat name={w.accuracy} value={val === undefined ? undefined : percent(val)} detail={w.accuracyDetail} />
      {speed !== undefined && (
        <Stat name={w.speed} value={count(speed)}>
          <Sparkline values={speeds} label={w.speedShape} from={0} />
        </Stat>
      )}
    </Stats>
  );
}

// An import or an evaluation has no rounds.
function Other({ job, told }: { job: Job; told: Told }) {
  const { phase, bytes: got, total_bytes: all, files, fraction } = told.progress;
  const detail = got !== undefined && all ? `${bytes(got)} / ${bytes(all)}` : files !== undefined ? count(files) : undefined;
  const value = got !== undefined && all ? got / all : fraction;
  return (
    <>
      <Progress label={phase ?? words.jobs.kinds[job.kind] ?? job.kind} value={value} detail={detail ?? <Elapsed job={job} told={told} />} />
    </>
  );
}
