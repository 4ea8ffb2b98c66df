// What a retraining would do now, its settings, and the button that starts it.
import { useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { bytes, count } from "../../base/format.js";
import { ServerError } from "../../net/errors.js";
import { type JobHead, type Plan, type PlannedClass, jobInTheWay, planRetraining, startJob } from "../../net/jobs.js";
import { useResource } from "../../net/resource.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, Skeleton } from "../../components/placeholders.js";
import { Stat, Stats } from "../../components/stat.js";
import { type Column, Table } from "../../components/table.js";
import { ErrorNote } from "../../shared/loaded.js";
import { type Settings, isWrong, kDefaults, refusedSetting, toOptions } from "./options.js";
import { OptionsForm } from "./options_form.js";
import { judgeNotes, planLead, roughTime } from "./story.js";
import { words } from "./strings.js";

const kEvery = 15_000; // milliseconds; images come and memory goes

export function PlanCard({ running }: { running: JobHead | undefined }) {
  const w = words.plan;
  const [settings, setSettings] = useState<Settings>(kDefaults);
  const [mode, setMode] = useState<Plan["mode"]>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const frozen = settings.mode === "frozen" || (settings.mode === "auto" && mode === "frozen");
  const options = toOptions(settings, frozen);
  const plan = useResource(
    async () => {
      const known = await planRetraining(options);
      setMode(known.mode);
      return known;
    },
    { keys: [JSON.stringify(options)], on: ["model", "job"], every: kEvery },
  );
  const start = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const job = await startJob("retrain", options);
      go(href("train", [job.id]));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const typo = Object.values(settings.numbers).some(isWrong);
  const known = plan.error === undefined ? plan.value : undefined;
  const refused = plan.error instanceof ServerError && plan.error.status === 422 ? refusedSetting(plan.error.message) : undefined;
  return (
    <section class="card plan" aria-label={w.title}>
      <h2>{w.title}</h2>
      {running && (
        <p class="plan-busy">
          {w.busy(running.id)} <a href={href("train", [running.id])}>{w.toJob}</a>
        </p>
      )}
      {plan.error !== undefined && !(refused && plan.value) ? (
        <NoPlan error={plan.error} onRetry={plan.reload} onFull={() => setSettings({ ...settings, mode: "full" })} mode={settings.mode} />
      ) : plan.value === undefined ? (
        <Skeleton lines={5} />
      ) : (
        <Known plan={plan.value} />
      )}
      {(known !== undefined || settings !== kDefaults) && (
        <OptionsForm settings={settings} plan={known} frozen={frozen} refused={refused} onChange={setSettings} />
      )}
      {known !== undefined && (
        <div class="plan-start">
          <Button kind="primary" icon="train" busy={busy} disabled={typo || running !== undefined || known.lacking.length > 0} onClick={() => void start()}>
            {busy ? w.starting : w.start}
          </Button>
        </div>
      )}
      {error !== undefined && <StartError error={error} />}
    </section>
  );
}

function StartError({ error }: { error: unknown }) {
  const w = words.plan;
  const job = jobInTheWay(error);
  if (job === undefined) return <ErrorNote error={error} />;
  return (
    <p class="plan-busy" role="alert">
      {w.inTheWay(job)} <a href={href("train", [job])}>{w.toJob}</a>
    </p>
  );
}

interface NoPlanProps {
  error: Error;
  mode: Settings["mode"];
  onRetry: () => void;
  onFull: () => void;
}

// 422 is the server's way to say that there is nothing to do; what is wrong with a setting is said so too,
// and then its own words are the best.
function NoPlan({ error, mode, onRetry, onFull }: NoPlanProps) {
  const w = words.plan;
  const says = (text: string): boolean => error instanceof ServerError && error.status === 422 && error.message.includes(text);
  const add = (
    <a class="button primary" href={href("data", ["add"])}>
      {w.addImages}
    </a>
  );
  if (says("no images to work with")) {
    return (
      <Empty icon="data" title={w.noImages}>
        <p>{w.noImagesText}</p>
        {add}
      </Empty>
    );
  }
  if (says("nothing new to learn")) {
    return (
      <Empty icon="good" title={w.nothing}>
        <p>{w.nothingText}</p>
        {add}
        {mode === "auto" && <Button onClick={onFull}>{w.goOn}</Button>}
      </Empty>
    );
  }
  return <ErrorNote error={error} onRetry={onRetry} />;
}

function Known({ plan }: { plan: Plan }) {
  const w = words.plan;
  const test = plan.images.reduce((sum, one) => sum + one.test, 0);
  const { estimate } = plan;
  const notes = [...plan.notes, ...judgeNotes(plan)];
  const oldDetail = plan.old_images === 0 ? (plan.mode === "full" ? w.oldNone : w.oldNoneFrozen) : plan.mode === "full" ? w.oldFull : w.oldFrozen;
  return (
    <>
      <p class="plan-lead">{planLead(plan)}</p>
      <p>{plan.why}</p>
      {notes.length > 0 && (
        <ul class="plan-notes" aria-label={w.notes}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <Stats label={w.stats} minor>
        <Stat name={w.fresh} value={count(plan.new_images)} detail={w.freshDetail(count(test))} />
        <Stat name={w.old} value={count(plan.replayed_images)} detail={oldDetail} />
        <Stat
          name={w.time}
          value={estimate && w.about(roughTime(estimate.seconds))}
          detail={estimate ? w.timeFrom(estimate.job) : w.timeUnknown}
        />
        <Stat name={w.memory} value={bytes(plan.memory_bytes.needed)} detail={w.memoryDetail(bytes(plan.memory_bytes.available))} {...(plan.lacking.length > 0 ? { tone: "bad" as const } : {})} />
      </Stats>
      {plan.lacking.length > 0 && (
        <div class="error-note" role="alert">
          <div>
            <p class="error-title">{w.lacking}</p>
            {plan.lacking.map((text) => (
              <p key={text}>{text}</p>
            ))}
          </div>
        </div>
      )}
      <details>
        <summary>{w.each}</summary>
        <Table title={w.each} columns={classColumns} rows={plan.images} rowKey={({ name }) => name} pageSize={30} />
      </details>
    </>
  );
}

const classColumns: Column<PlannedClass>[] = [
  {
    id: "name",
    title: words.plan.class,
    value: ({ name }) => name,
    cell: (one) => (
      <>
        <bdi>
          <b>{one.name}</b>
        </bdi>{" "}
        {one.new && <Badge tone="page">{words.plan.isNew}</Badge>}
      </>
    ),
  },
  { id: "train", title: words.plan.train, value: ({ train }) => train, cell: ({ train }) => count(train), numeric: true },
  { id: "test", title: words.plan.test, value: ({ test }) => test, cell: ({ test }) => count(test), numeric: true },
  { id: "old", title: words.plan.oldOnes, value: ({ old }) => old, cell: ({ old }) => count(old), numeric: true },
];

