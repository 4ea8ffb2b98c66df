// The first steps, ticked off by what has happened on the server.
import { firstStepsOpen, markJobSeen, seenJob, showFirstSteps } from "../../app/onboarding.js";
import { hasOwnProjects } from "../../app/projects.js";
import { href, route } from "../../app/router.js";
import { status } from "../../app/service_status.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { fetchDataset } from "../../net/dataset.js";
import { fetchJobs } from "../../net/jobs.js";
import { isDefaultProject } from "../../net/project.js";
import { useResource } from "../../net/resource.js";
import { fetchPredictions } from "../../net/service.js";
import { isFinished, isFresh, type ServiceProgress, type Step, type StepName, toSteps } from "./step_progress.js";
import { words } from "./strings.js";
import { Welcome } from "./welcome.js";

const kEvery = 10_000; // milliseconds; uploads have no event
const kJobs = 100;

// The page of a retraining belongs to another view, so this one is closed when it is opened.
route.subscribe(({ view, rest }) => {
  if (view === "train" && rest[0] !== undefined) markJobSeen(Number(rest[0]));
});

// Shown to users who may do all steps.
export function FirstSteps() {
  const you = status.value?.value?.you;
  return firstStepsOpen.value && (you === "local" || you === "admin") ? <StepList /> : null;
}

async function fetchProgress(stop: AbortSignal): Promise<Omit<ServiceProgress, "seenJob">> {
  const [history, dataset, jobs] = await Promise.all([
    fetchPredictions({ limit: 1 }, stop),
    fetchDataset(stop),
    fetchJobs(kJobs, stop),
  ]);
  return {
    predictions: history.predictions.length,
    images: dataset.total,
    jobs,
  };
}

function StepList() {
  const progress = useResource(fetchProgress, { on: ["predictions", "job", "model"], every: kEvery, gap: 1_000 });
  const w = words.firstSteps;
  if (progress.value === undefined) return null;
  const steps = toSteps({ ...progress.value, seenJob: seenJob.value });
  return (
    <>
      {isFresh(progress.value) && isDefaultProject() && !hasOwnProjects.value && <Welcome />}
      <section class="card first-steps" aria-labelledby="first-steps-title">
        <header>
          <div>
            <h2 id="first-steps-title">{w.title}</h2>
            <p class="hint">{isFinished(steps) ? w.finished : w.intro}</p>
          </div>
          <Button icon="close" label={w.dismiss} onClick={() => showFirstSteps(false)} />
        </header>
        <ol>
          {steps.map((step, i) => (
            <StepItem key={step.name} step={step} number={i + 1} />
          ))}
        </ol>
      </section>
    </>
  );
}

const targetViews: Record<StepName, string> = {
  predict: "predict",
  add: "data",
  train: "train",
  verdict: "train",
};

function StepItem({ step, number }: { step: Step; number: number }) {
  const w = words.firstSteps;
  const { name, done, next, job, waitingFor } = step;
  const title = w.steps[name];
  const hasLink = name !== "verdict" || job !== undefined;
  const target = href(targetViews[name], (name === "verdict" || name === "train") && job !== undefined ? [job] : []);
  return (
    <li class={done ? "done" : next ? "next" : undefined} aria-current={next ? "step" : undefined}>
      <span class="first-step-mark" aria-hidden="true">
        {done ? <Icon name="check" size={16} /> : number}
      </span>
      <p class="first-step-title">
        {hasLink ? <a href={target}>{title}</a> : title}
        {done && <span class="unseen"> {w.done}</span>}
      </p>
      <p class="hint">{!done && waitingFor ? w.waitingFor[waitingFor] : w.hints[name]}</p>
    </li>
  );
}
