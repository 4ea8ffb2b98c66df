// The first steps, ticked off by what has really happened on the server.
import { firstStepsOpen, markJobSeen, seenJob, showFirstSteps } from "../../app/onboarding.js";
import { href, route } from "../../app/router.js";
import { status } from "../../app/service_state.js";
import { getJson } from "../../net/api.js";
import { useResource } from "../../net/resource.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { type Progress, type Step, guideSteps, isThrough } from "./guide_steps.js";
import { words } from "./strings.js";

const kEvery = 10_000; // milliseconds; uploads have no event

// The page of a retraining is looked at in another view, while this one is closed.
route.subscribe(({ view, rest }) => {
  if (view === "train" && rest[0] !== undefined) markJobSeen(Number(rest[0]));
});

// For those who may go all the way.
export function Guide() {
  const you = status.value?.value?.you;
  return firstStepsOpen.value && (you === "local" || you === "admin") ? <OpenGuide /> : null;
}

interface Answers {
  predictions: { predictions: unknown[] };
  dataset: { total: number };
  jobs: { jobs: Progress["jobs"] };
  models: { aliases: { previous?: number } };
  audit: { entries: { action: string }[] };
}

async function fetchProgress(stop: AbortSignal): Promise<Omit<Progress, "seenJob">> {
  const ask = <K extends keyof Answers>(path: string): Promise<Answers[K]> => getJson(`api/v1/${path}`, stop);
  const [history, dataset, { jobs }, models, audit] = await Promise.all([
    ask<"predictions">("predictions?limit=1"),
    ask<"dataset">("dataset"),
    ask<"jobs">("jobs?limit=100"),
    ask<"models">("models?limit=1"),
    ask<"audit">("audit?limit=200"),
  ]);
  return {
    answers: history.predictions.length,
    images: dataset.total,
    jobs,
    hasPrevious: models.aliases.previous !== undefined,
    rolledBack: audit.entries.some(({ action }) => action === "rollback"),
  };
}

function OpenGuide() {
  const known = useResource(fetchProgress, { on: ["predictions", "job", "model"], every: kEvery, gap: 1_000 });
  const w = words.guide;
  const steps = known.value && guideSteps({ ...known.value, seenJob: seenJob.value });
  if (steps === undefined) return null; // nothing is ticked or unticked before it is known
  return (
    <section class="card guide" aria-labelledby="guide-title">
      <header>
        <div>
          <h2 id="guide-title">{w.title}</h2>
          <p class="hint">{isThrough(steps) ? w.through : w.intro}</p>
        </div>
        <Button icon="close" label={w.dismiss} onClick={() => showFirstSteps(false)} />
      </header>
      <ol>
        {steps.map((step, i) => (
          <One key={step.name} step={step} number={i + 1} />
        ))}
      </ol>
    </section>
  );
}

const targets: Record<Step["name"], string> = { try: "predict", teach: "data", train: "train", verdict: "train", rollback: "models" };

function One({ step, number }: { step: Step; number: number }) {
  const w = words.guide;
  const { name, done, now, job, waits } = step;
  const view = targets[name];
  const title = w.steps[name];
  const there = name !== "verdict" || job !== undefined;
  const to = href(view, (name === "verdict" || name === "train") && job !== undefined ? [job] : []);
  return (
    <li class={done ? "done" : now ? "now" : undefined} aria-current={now ? "step" : undefined}>
      <span class="guide-mark" aria-hidden="true">
        {done ? <Icon name="check" size={16} /> : number}
      </span>
      <p class="guide-step">
        {there ? <a href={to}>{title}</a> : title}
        {done && <span class="unseen"> {w.done}</span>}
      </p>
      <p class="hint">{!done && waits ? w.waits[waits] : w.hints[name]}</p>
    </li>
  );
}
