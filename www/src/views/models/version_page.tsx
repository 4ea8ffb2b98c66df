// All about one version.
import { href } from "../../app/router.js";
import { count, moment, percent } from "../../base/format.js";
import { Empty } from "../../components/placeholders.js";
import { Stat, Stats } from "../../components/stat.js";
import { type Column, Table } from "../../components/table.js";
import { Ago } from "../../components/time.js";
import { readVersion } from "../../inference/model_info.js";
import type { Accuracy } from "../../inference/types.js";
import { ServerError } from "../../net/errors.js";
import {
  type EvaluationHead,
  fetchAudit,
  fetchEvaluations,
  fetchVersion,
  fetchVersions,
  kModelEvaluation,
  type Version,
} from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { readForgetting, readVerdict } from "../../net/verdict.js";
import { AuditLine } from "../../shared/audit_line.js";
import { Loaded } from "../../shared/loaded.js";
import { fetchMeasurement, type Measurement, ofTraining } from "../../shared/measurement.js";
import { VerdictReport } from "../../shared/verdict/verdict_report.js";
import { TakeWithYou } from "../../shared/versions/take_with_you.js";
import { words } from "./strings.js";
import { UseModel } from "./use_model.js";
import { VersionActions } from "./version_actions.js";
import { Aliases } from "./version_list.js";
import { entriesOf } from "./watchdog_rollback.js";

const kAuditEntries = 1000; // searched for entries about the version
const kEvery = 15_000; // milliseconds
const w = words.version;

export function VersionPage({ id }: { id: string }) {
  const version = useResource((stop) => fetchVersion(id, stop), { on: ["model", "job"], every: kEvery });
  const models = useResource((stop) => fetchVersions(1, stop), { on: ["model"], every: kEvery });
  const isMissing = version.value === undefined && version.error instanceof ServerError && version.error.status === 404;
  const reload = (): void => {
    version.reload();
    models.reload();
  };
  return (
    <>
      <p class="crumb">
        <a href={href("models")}>{w.back}</a>
      </p>
      {isMissing ? (
        <Empty title={w.none(id)}>
          <a href={href("models")}>{w.back}</a>
        </Empty>
      ) : (
        <Loaded from={version} lines={8}>
          {(loaded) => (
            <>
              <Head of={loaded} />
              <VersionActions version={loaded} aliases={models.value?.aliases ?? {}} onChange={reload} />
              <Metrics of={loaded} />
              {loaded.removed === undefined && (
                <div class="card">
                  <TakeWithYou version={loaded.number} name={`${loaded.name}-${loaded.number}`} />
                </div>
              )}
              {loaded.aliases.includes("champion") && <UseModel version={loaded} />}
              <Verdict of={loaded} />
              <div class="version-below">
                <Provenance of={loaded} />
                <div class="version-beside">
                  <Evaluations of={loaded} />
                  <AuditLog of={loaded} />
                </div>
              </div>
            </>
          )}
        </Loaded>
      )}
    </>
  );
}

function Head({ of: { name, number, aliases, removed } }: { of: Version }) {
  return (
    <header class="version-head">
      <h2>
        {name} <span class="version-number">{words.list.parentVersion(number)}</span> <Aliases of={aliases} />
      </h2>
      {removed !== undefined && <p class="hint">{w.removed(moment(removed))}</p>}
    </header>
  );
}

function eceDetail(interval: unknown): string {
  const [low, high] = Array.isArray(interval) ? (interval as unknown[]) : [];
  if (typeof low !== "number" || typeof high !== "number") return w.eceDetail;
  return `${w.eceDetail}; ${w.interval(percent(low), percent(high))}`;
}

function accuracyDetail(accuracy: Accuracy | undefined): string {
  if (accuracy === undefined) return w.notMeasured;
  const { split, low, high, images } = accuracy;
  if (low === undefined || high === undefined || images === undefined) return w.accuracyOn[split];
  return `${w.accuracyDetail[split](images)}; ${w.interval(percent(low), percent(high))}`;
}

const trainedMeasurement = (of: Version): Measurement =>
  ofTraining(readVersion(of).accuracy, (of.manifest.metrics ?? {}) as Record<string, unknown>);

function Metrics({ of }: { of: Version }) {
  const { classes } = readVersion(of);
  const newest = useResource((stop) => fetchMeasurement(of.number, trainedMeasurement(of), stop), {
    keys: [of.number],
    on: ["job"],
    gap: 200,
  });
  const { accuracy, metrics } = newest.value ?? trainedMeasurement(of);
  const percentOf = (key: string): string | undefined =>
    typeof metrics[key] === "number" ? percent(metrics[key]) : undefined;
  return (
    <Stats label={w.numbers}>
      <Stat name={w.accuracy} value={accuracy && percent(accuracy.value)} detail={accuracyDetail(accuracy)} />
      <Stat name={w.f1} value={percentOf("macro_f1")} detail={w.f1Detail} />
      <Stat name={w.ece} value={percentOf("ece")} detail={eceDetail(metrics.ece_interval)} />
      <Stat name={w.classes} value={count(classes.length)} detail={w.parameters(count(of.manifest.parameters))} />
    </Stats>
  );
}

function Verdict({ of }: { of: Version }) {
  const verdict = readVerdict(of.manifest.verdict);
  if (verdict === undefined) return null;
  const { parent } = of.manifest;
  const isActive = of.aliases.includes("champion");
  return (
    <section aria-label={w.verdict}>
      <VerdictReport
        verdict={verdict}
        forgetting={readForgetting(of.manifest.forgetting)}
        promoted={isActive}
        active={isActive}
        version={of.number}
        parent={typeof parent === "number" ? parent : undefined}
      />
    </section>
  );
}

function Provenance({ of }: { of: Version }) {
  return (
    <section class="card" aria-label={w.provenance}>
      <h2>{w.provenance}</h2>
      <dl class="facts">
        {provenanceOf(of).map(([name, value, link]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{link === undefined ? value : <a href={link}>{value}</a>}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>{w.classNames}</summary>
        <ul class="class-names">
          {readVersion(of).classes.map((name) => (
            <li key={name}>{name}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}

type Fact = [name: string, value: string, link?: string];

function provenanceOf({ manifest, weights_sha256: weights, file_sha256: file }: Version): Fact[] {
  const facts = Object.entries(w.provenanceNames).flatMap(([key, name]): Fact[] => {
    const value = manifest[key];
    if (value === undefined || value === null || value === "" || typeof value === "object") return [];
    if (key === "parent" && typeof value === "number") {
      return [[name, words.list.parentVersion(value), href("models", [value])]];
    }
    if (key === "job" && typeof value === "number") return [[name, w.byJob(value), href("train", [value])]];
    if (key === "created") return [[name, moment(String(value))]];
    if (key === "mode") return [[name, w.modes[String(value)] ?? String(value)]];
    return [[name, String(value)]];
  });
  return [...facts, [w.weightsHash, weights], [w.fileHash, file]];
}

const sourceOf = ({ id, job }: EvaluationHead): string => (id === kModelEvaluation ? w.ofModel : w.byJob(job ?? 0));

const evaluationColumns: Column<EvaluationHead>[] = [
  { id: "split", title: w.split, value: ({ split }) => w.splits[split ?? "test"] ?? split },
  {
    id: "source",
    title: w.source,
    value: sourceOf,
    cell: (head) =>
      head.id === kModelEvaluation ? sourceOf(head) : <a href={href("train", [head.job ?? 0])}>{sourceOf(head)}</a>,
  },
  { id: "when", title: w.when, value: ({ created }) => created, cell: ({ created }) => <Ago iso={created} /> },
];

function Evaluations({ of: { number } }: { of: Version }) {
  const evaluations = useResource((stop) => fetchEvaluations(number, stop), { keys: [number], on: ["job"], gap: 200 });
  return (
    <section class="card" aria-label={w.evaluations}>
      <h2>{w.evaluations}</h2>
      <Loaded from={evaluations}>
        {(heads) => (
          <Table
            title={w.evaluations}
            columns={evaluationColumns}
            rows={heads}
            rowKey={({ id }) => id}
            empty={<p class="hint">{w.noEvaluations}</p>}
          />
        )}
      </Loaded>
    </section>
  );
}

function AuditLog({ of: { number } }: { of: Version }) {
  const audit = useResource((stop) => fetchAudit(kAuditEntries, stop), { on: ["model", "job"], every: kEvery });
  return (
    <section class="card audit" aria-label={w.audit}>
      <h2>{w.audit}</h2>
      <Loaded from={audit} lines={4}>
        {(entries) => <VersionEntries entries={entriesOf(entries, number)} isPart={entries.length >= kAuditEntries} />}
      </Loaded>
    </section>
  );
}

interface VersionEntriesProps {
  entries: ReturnType<typeof entriesOf>;
  isPart: boolean; // older entries were not searched
}

function VersionEntries({ entries, isPart }: VersionEntriesProps) {
  return (
    <>
      <ol>
        {entries.map((entry) => (
          <AuditLine key={entry.id} entry={entry} />
        ))}
        {entries.length === 0 && <li>{w.auditNone}</li>}
      </ol>
      {isPart && <p class="hint">{w.auditPart(count(kAuditEntries))}</p>}
    </>
  );
}
