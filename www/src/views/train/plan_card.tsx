// The plan of a retraining, its options, and the button that starts it.
import { useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { bytes, count, roughTime } from "../../base/format.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, Skeleton } from "../../components/placeholders.js";
import { Stat, Stats } from "../../components/stat.js";
import { type Column, Table } from "../../components/table.js";
import { fetchDataset } from "../../net/dataset.js";
import { ServerError } from "../../net/errors.js";
import {
  conflictingJob,
  type JobHead,
  type Plan,
  type PlannedClass,
  planRetraining,
  startRetraining,
} from "../../net/jobs.js";
import { useResource } from "../../net/resource.js";
import { ErrorNote, Loaded } from "../../shared/loaded.js";
import { evaluationNotes, planLead } from "./job_text.js";
import { isInvalid, kDefaults, refusedOption, type Settings, toOptions } from "./options.js";
import { OptionsForm } from "./options_form.js";
import { words } from "./strings.js";

const kEvery = 15_000; // milliseconds; uploads and free memory have no events
const w = words.plan;

const isUnprocessable = (error: unknown): error is ServerError => error instanceof ServerError && error.status === 422;

export function PlanCard({ running }: { running: JobHead | undefined }) {
  const [settings, setSettings] = useState<Settings>(kDefaults);
  const [mode, setMode] = useState<Plan["mode"]>(); // of the latest plan
  const frozen = settings.mode === "frozen" || (settings.mode === "auto" && mode === "frozen");
  const options = toOptions(settings, frozen);
  const plan = useResource(
    async (stop) => {
      const planned = await planRetraining(options, stop);
      setMode(planned.mode);
      return planned;
    },
    { keys: [JSON.stringify(options)], on: ["model", "job"], every: kEvery },
  );
  const current = plan.error === undefined ? plan.value : undefined;
  const refused = isUnprocessable(plan.error) ? refusedOption(plan.error.message) : undefined;
  const showsError = plan.error !== undefined && !(refused && plan.value);
  const useOldImages = (): void => setSettings({ ...settings, mode: "full" });
  return (
    <section class="card plan" aria-label={w.title}>
      <h2>{w.title}</h2>
      {running && <ConflictNote job={running.id} />}
      {showsError ? (
        <NoPlan
          error={plan.error}
          onRetry={plan.reload}
          onUseOldImages={settings.mode === "auto" ? useOldImages : undefined}
        />
      ) : plan.value === undefined ? (
        <Skeleton lines={5} />
      ) : (
        <PlanSummary plan={plan.value} />
      )}
      {(current !== undefined || settings !== kDefaults) && (
        <OptionsForm settings={settings} plan={current} frozen={frozen} refused={refused} onChange={setSettings} />
      )}
      {current !== undefined && (
        <StartButton
          start={() => startRetraining(options)}
          disabled={
            Object.values(settings.numbers).some(isInvalid) || running !== undefined || current.lacking.length > 0
          }
        />
      )}
    </section>
  );
}

const ConflictNote = ({ job, alert }: { job: number; alert?: boolean }) => (
  <p class="plan-busy" role={alert ? "alert" : undefined}>
    {w.running(job)} <a href={href("train", [job])}>{w.toJob}</a>
  </p>
);

function StartButton({ start, disabled }: { start: () => Promise<JobHead>; disabled: boolean }) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const job = await start();
      go(href("train", [job.id]));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const conflict = conflictingJob(error);
  return (
    <>
      <div class="plan-start">
        <Button kind="primary" icon="train" busy={busy} disabled={disabled} onClick={() => void run()}>
          {busy ? w.starting : w.start}
        </Button>
      </div>
      {conflict !== undefined && <ConflictNote job={conflict} alert />}
      {error !== undefined && conflict === undefined && <ErrorNote error={error} />}
    </>
  );
}

interface NoPlanProps {
  error: Error | undefined;
  onRetry: () => void;
  onUseOldImages: (() => void) | undefined;
}

// Status 422 that does not refer to an option: there is nothing to retrain with. The server's message says why.
function NoPlan({ error, onRetry, onUseOldImages }: NoPlanProps) {
  if (!isUnprocessable(error) || refusedOption(error.message)) return <ErrorNote error={error} onRetry={onRetry} />;
  return <NothingToTrain reason={error.message} onUseOldImages={onUseOldImages} />;
}

interface NothingToTrainProps {
  reason: string; // of the server, without capital and full stop
  onUseOldImages: (() => void) | undefined;
}

function NothingToTrain({ reason, onUseOldImages }: NothingToTrainProps) {
  const dataset = useResource(fetchDataset);
  const addLink = (
    <a class="button primary" href={href("data", ["add"])}>
      {w.addImages}
    </a>
  );
  return (
    <Loaded from={dataset} lines={5}>
      {({ total }) =>
        total === 0 ? (
          <Empty icon="data" title={w.noImages}>
            <p>{w.noImagesText}</p>
            {addLink}
          </Empty>
        ) : (
          <Empty icon="info" title={w.nothing}>
            <p>{`${reason[0]?.toUpperCase() ?? ""}${reason.slice(1)}.`}</p>
            {addLink}
            {onUseOldImages && <Button onClick={onUseOldImages}>{w.useOldImages}</Button>}
          </Empty>
        )
      }
    </Loaded>
  );
}

function oldImagesText({ mode, old_images }: Plan): string {
  if (mode === "full") return old_images === 0 ? w.oldNone : w.oldFull;
  return old_images === 0 ? w.oldNoneFrozen : w.oldFrozen;
}

function PlanSummary({ plan }: { plan: Plan }) {
  const notes = [...plan.notes, ...evaluationNotes(plan)];
  return (
    <>
      <p class="plan-lead">{planLead(plan)}</p>
      <p>{plan.why}</p>
      {notes.length > 0 && <Notes of={notes} />}
      <PlanStats plan={plan} />
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

const kNotes = 4; // shown; of many classes there may be a note for each

function Notes({ of }: { of: readonly string[] }) {
  const list = (notes: readonly string[], label: string) => (
    <ul class="plan-notes" aria-label={label}>
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
  const rest = of.slice(kNotes);
  return (
    <>
      {list(of.slice(0, kNotes), w.notes)}
      {rest.length > 0 && (
        <details class="plan-more-notes">
          <summary>{w.moreNotes(rest.length)}</summary>
          {list(rest, w.moreNotes(rest.length))}
        </details>
      )}
    </>
  );
}

function PlanStats({ plan }: { plan: Plan }) {
  const { estimate, memory_bytes: memory } = plan;
  const test = plan.images.reduce((sum, planned) => sum + planned.test, 0);
  return (
    <Stats label={w.stats} minor>
      <Stat name={w.fresh} value={count(plan.new_images)} detail={w.freshDetail(count(test))} />
      <Stat name={w.old} value={count(plan.replayed_images)} detail={oldImagesText(plan)} />
      <Stat
        name={w.time}
        value={estimate && w.about(roughTime(estimate.seconds))}
        detail={estimate ? w.timeFrom(estimate.job) : w.timeUnknown}
      />
      <Stat
        name={w.memory}
        value={bytes(memory.needed)}
        detail={w.memoryDetail(bytes(memory.available))}
        {...(plan.lacking.length > 0 ? { tone: "bad" as const } : {})}
      />
    </Stats>
  );
}

const classColumns: Column<PlannedClass>[] = [
  {
    id: "name",
    title: w.class,
    value: ({ name }) => name,
    cell: (planned) => (
      <>
        <bdi>
          <b>{planned.name}</b>
        </bdi>{" "}
        {planned.new && <Badge tone="page">{w.isNew}</Badge>}
      </>
    ),
  },
  { id: "train", title: w.train, value: ({ train }) => train, cell: ({ train }) => count(train), numeric: true },
  { id: "test", title: w.test, value: ({ test }) => test, cell: ({ test }) => count(test), numeric: true },
  { id: "old", title: w.oldImages, value: ({ old }) => old, cell: ({ old }) => count(old), numeric: true },
];
