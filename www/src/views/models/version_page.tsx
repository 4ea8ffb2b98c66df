// Everything about one version.
import { useMemo } from "preact/hooks";
import { href } from "../../app/router.js";
import { count, moment, percent } from "../../base/format.js";
import { readVersion } from "../../inference/model_info.js";
import { ServerError } from "../../net/errors.js";
import { type AuditEntry, type EvaluationHead, type Version, fetchAudit, fetchEvaluations, fetchVersion, fetchVersions } from "../../net/models.js";
import { type Resource, useResource } from "../../net/resource.js";
import { readForgetting, readVerdict } from "../../net/verdict.js";
import { Empty } from "../../components/placeholders.js";
import { Stat, Stats } from "../../components/stat.js";
import { type Column, Table } from "../../components/table.js";
import { Ago } from "../../components/time.js";
import { AuditLine } from "../../shared/audit_line.js";
import { Loaded } from "../../shared/loaded.js";
import { VerdictStory } from "../../shared/verdict/verdict_story.js";
import { Aliases } from "./list.js";
import { words } from "./strings.js";
import { VersionActions } from "./version_actions.js";
import { entriesOf } from "./watch.js";

const kAudit = 1000; // entries looked through
const kEvery = 15_000; // milliseconds

export function VersionPage({ id }: { id: string }) {
  const w = words.version;
  const version = useResource((stop) => fetchVersion(encodeURIComponent(id), stop), { on: ["model", "job"], every: kEvery });
  const models = useResource((stop) => fetchVersions(1, stop), { on: ["model"], every: kEvery });
  const missing = version.value === undefined && version.error instanceof ServerError && version.error.status === 404;
  const changed = (): void => {
    version.reload();
    models.reload();
  };
  return (
    <>
      <p class="crumb">
        <a href={href("models")}>{w.back}</a>
      </p>
      {missing ? (
        <Empty title={w.none(id)}>
          <a href={href("models")}>{w.back}</a>
        </Empty>
      ) : (
        <Loaded from={version} lines={8}>
          {(known) => (
            <>
              <header class="version-head">
                <h2>
                  {known.name} <span class="version-number">{words.list.parentVersion(known.number)}</span> <Aliases of={known.aliases} />
                </h2>
                {known.removed !== undefined && <p class="hint">{w.removed(moment(known.removed))}</p>}
              </header>
              <VersionActions version={known} aliases={models.value?.aliases ?? {}} onChange={changed} />
              <Numbers of={known} />
              <Judged of={known} />
              <div class="version-below">
                <Provenance of={known} />
                <div class="version-beside">
                  <Evaluations of={known} />
                  <Audit of={known} />
                </div>
              </div>
            </>
          )}
        </Loaded>
      )}
    </>
  );
}

function Numbers({ of }: { of: Version }) {
  const w = words.version;
  const { accuracy, classes, parameters } = readVersion(of);
  const metrics = (of.manifest["metrics"] ?? {}) as Record<string, unknown>;
  const number = (key: string): number | undefined => (typeof metrics[key] === "number" ? metrics[key] : undefined);
  const [ece, f1] = [number("ece"), number("macro_f1")];
  const all = parameters ?? (typeof of.manifest["parameters"] === "number" ? of.manifest["parameters"] : undefined);
  return (
    <Stats label={w.numbers}>
      <Stat
        name={w.right}
        value={accuracy && percent(accuracy.value)}
        detail={
          accuracy
            ? accuracy.low !== undefined && accuracy.high !== undefined && accuracy.images !== undefined
              ? `${w.rightDetail[accuracy.split](count(accuracy.images))}; ${w.interval(percent(accuracy.low), percent(accuracy.high))}`
              : w.rightUnknown[accuracy.split]
            : w.unmeasured
        }
      />
      <Stat name={w.f1} value={f1 === undefined ? undefined : percent(f1)} detail={w.f1Detail} />
      <Stat name={w.ece} value={ece === undefined ? undefined : percent(ece)} detail={w.eceDetail} />
      <Stat name={w.classes} value={count(classes.length)} detail={all === undefined ? undefined : `${w.parameters}: ${count(all)}`} />
    </Stats>
  );
}

function Judged({ of }: { of: Version }) {
  const verdict = readVerdict(of.manifest["verdict"]);
  if (verdict === undefined) return null;
  const { parent } = of.manifest;
  return (
    <section aria-label={words.version.verdict}>
      <VerdictStory
        verdict={verdict}
        forgetting={readForgetting(of.manifest["forgetting"])}
        promoted={of.aliases.includes("champion")}
        serving={of.aliases.includes("champion")}
        version={of.number}
        parent={typeof parent === "number" ? parent : undefined}
      />
    </section>
  );
}

function Provenance({ of }: { of: Version }) {
  const w = words.version;
  const facts = provenanceOf(of);
  const classes = readVersion(of).classes;
  return (
    <section class="card" aria-label={w.provenance}>
      <h2>{w.provenance}</h2>
      <dl class="facts">
        {facts.map(([name, value, link]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{link === undefined ? value : <a href={link}>{value}</a>}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>{w.classNames}</summary>
        <ul class="class-names">
          {classes.map((name) => (
            <li key={name}>{name}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}

type Fact = [name: string, value: string, link?: string];

function provenanceOf({ manifest, weights_sha256: weights, file_sha256: file }: Version): Fact[] {
  const w = words.version;
  const facts: Fact[] = Object.entries(w.provenanceNames).flatMap(([key, name]): Fact[] => {
    const value = manifest[key];
    if (value === undefined || value === null || value === "" || typeof value === "object") return [];
    if (key === "parent" && typeof value === "number") return [[name, words.list.parentVersion(value), href("models", [value])]];
    if (key === "job" && typeof value === "number") return [[name, w.byJob(value), href("train", [value])]];
    if (key === "created") return [[name, moment(String(value))]];
    if (key === "mode") return [[name, w.modes[String(value)] ?? String(value)]];
    return [[name, String(value)]];
  });
  return [...facts, [w.weightsHash, weights], [w.fileHash, file]];
}

function Evaluations({ of }: { of: Version }) {
  const w = words.version;
  const all = useResource((stop) => fetchEvaluations(of.number, stop), { keys: [of.number], on: ["job"], gap: 200 });
  const columns = useMemo(
    (): Column<EvaluationHead>[] => [
      { id: "split", title: w.split, value: ({ split }) => w.splits[split ?? "test"] ?? split },
      {
        id: "source",
        title: w.source,
        value: ({ id, job }) => (id === "model" ? w.ofModel : w.byJob(job ?? 0)),
        cell: ({ id, job }) => (id === "model" ? w.ofModel : <a href={href("train", [job ?? 0])}>{w.byJob(job ?? 0)}</a>),
      },
      { id: "when", title: w.when, value: ({ created }) => created, cell: ({ created }) => <Ago iso={created} /> },
    ],
    [],
  );
  return (
    <section class="card" aria-label={w.evaluations}>
      <h2>{w.evaluations}</h2>
      <Loaded from={all}>
        {(list) => <Table title={w.evaluation} columns={columns} rows={list} rowKey={({ id }) => id} empty={<p class="hint">{w.noEvaluations}</p>} />}
      </Loaded>
    </section>
  );
}

function Audit({ of }: { of: Version }) {
  const w = words.version;
  const all: Resource<AuditEntry[]> = useResource((stop) => fetchAudit(kAudit, stop), { on: ["model", "job"], every: kEvery });
  return (
    <section class="card audit" aria-label={w.audit}>
      <h2>{w.audit}</h2>
      <Loaded from={all} lines={4}>
        {(entries) => {
          const mine = entriesOf(entries, of.number);
          return (
            <>
              <ol>
                {mine.map((entry) => (
                  <AuditLine key={entry.id} entry={entry} />
                ))}
                {mine.length === 0 && <li>{w.auditNone}</li>}
              </ol>
              {entries.length >= kAudit && <p class="hint">{w.auditPart(count(kAudit))}</p>}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}
