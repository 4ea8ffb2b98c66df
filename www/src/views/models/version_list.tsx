// The active version, the candidate, and all versions.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { mayChange } from "../../app/service_status.js";
import { count, percent } from "../../base/format.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { type Column, Table } from "../../components/table.js";
import { Ago } from "../../components/time.js";
import { readModel } from "../../inference/model_info.js";
import type { Accuracy } from "../../inference/types.js";
import { fetchAudit, fetchVersions, type VersionList, type VersionRow } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { Loaded } from "../../shared/loaded.js";
import { fetchMeasurement, ofTraining } from "../../shared/measurement.js";
import { NoModel } from "../../shared/no_model.js";
import { RollBackButton } from "../../shared/versions/activation.js";
import { words } from "./strings.js";
import { UploadDialog } from "./upload_dialog.js";
import { latestRollback, type WatchdogNumbers, type WatchdogRollback } from "./watchdog_rollback.js";

const kFirstVersions = 20;
const kMoreVersions = 100; // added by each click on "more", and the largest page of the API
const kFilterFrom = 13; // versions; a shorter table has no filter
const kEvery = 15_000; // milliseconds
const kAuditEntries = 200; // searched for the latest change of the active version

type Accuracies = ReadonlyMap<number, Accuracy | undefined>;

// As the version was measured last, else as the list has it.
const accuracyOf = (accuracies: Accuracies, row: VersionRow): Accuracy | undefined =>
  accuracies.has(row.number) ? accuracies.get(row.number) : readModel(row).accuracy;

async function fetchAccuracies(rows: readonly VersionRow[], stop: AbortSignal): Promise<Accuracies> {
  const measured = rows.map(async (row): Promise<[number, Accuracy | undefined]> => {
    const trained = ofTraining(readModel(row).accuracy, {});
    return [row.number, (await fetchMeasurement(row.number, trained, stop)).accuracy];
  });
  return new Map(await Promise.all(measured));
}

// The newest `wanted` versions, from several pages of the API.
async function fetchNewest(wanted: number, stop: AbortSignal): Promise<VersionList> {
  const list = await fetchVersions(Math.min(wanted, kMoreVersions), stop);
  while (list.next !== undefined && list.versions.length < wanted) {
    const { versions, next } = await fetchVersions(kMoreVersions, stop, list.versions.at(-1)?.number);
    list.versions.push(...versions);
    if (next === undefined) delete list.next;
    else list.next = next;
  }
  return list;
}

export function VersionListPage() {
  const [wanted, setWanted] = useState(kFirstVersions);
  const [upload, setUpload] = useState(false);
  const list = useResource((stop) => fetchNewest(wanted, stop), {
    keys: [wanted],
    on: ["model", "job"],
    every: kEvery,
  });
  const rollback = useResource(async (stop) => ({ latest: latestRollback(await fetchAudit(kAuditEntries, stop)) }), {
    on: ["model"],
    every: kEvery,
  });
  const rows = list.value?.versions ?? [];
  const measured = useResource((stop) => fetchAccuracies(rows, stop), {
    keys: [rows.map(({ number }) => number).join()],
    on: ["job"],
    gap: 200,
  });
  const accuracies: Accuracies = measured.value ?? new Map();
  const w = words.list;
  return (
    <>
      {rollback.value?.latest && <RollbackNote of={rollback.value.latest} />}
      <Loaded from={list} lines={8}>
        {(loaded) => (
          <>
            <ActiveVersion
              list={loaded}
              accuracies={accuracies}
              onChange={list.reload}
              onUpload={() => setUpload(true)}
            />
            <section class="card versions" aria-label={w.title}>
              <h2>{w.title}</h2>
              {loaded.versions.length === 0 ? <NoModel /> : <VersionTable list={loaded} accuracies={accuracies} />}
              {loaded.next !== undefined && <Button onClick={() => setWanted(wanted + kMoreVersions)}>{w.more}</Button>}
            </section>
          </>
        )}
      </Loaded>
      <UploadDialog open={upload} onClose={() => setUpload(false)} onDone={list.reload} />
    </>
  );
}

interface ActiveVersionProps {
  list: VersionList;
  accuracies: Accuracies;
  onChange: () => void;
  onUpload: () => void;
}

function ActiveVersion({ list: { aliases, versions }, accuracies, onChange, onUpload }: ActiveVersionProps) {
  const w = words.active;
  const { champion, previous, challenger } = aliases;
  const row = versions.find(({ number }) => number === champion);
  return (
    <section class="card active-version" aria-label={w.title}>
      <div>
        <p class="eyebrow">{w.title}</p>
        {champion !== undefined && (
          <h2>
            <a href={href("models", [champion])}>{w.name(row?.name ?? "", champion)}</a>
          </h2>
        )}
        {row && <AccuracyLine of={accuracyOf(accuracies, row)} />}
        {challenger !== undefined && (
          <p>
            {w.candidate(challenger)} <a href={href("models", [challenger])}>{w.show}</a>
          </p>
        )}
      </div>
      <div class="active-version-actions">
        {previous !== undefined ? (
          <RollBackButton previous={previous} champion={champion} onDone={onChange} />
        ) : (
          <p class="hint">{w.none}</p>
        )}
        {mayChange.value && (
          <Button icon="upload" onClick={onUpload}>
            {words.list.upload}
          </Button>
        )}
      </div>
    </section>
  );
}

function AccuracyLine({ of }: { of: Accuracy | undefined }) {
  if (of === undefined) return <p class="hint">{words.list.notMeasured}</p>;
  const { value, split, low, high } = of;
  return (
    <p>
      <b>{percent(value)}</b> {words.version.accuracyOn[split]}
      {low !== undefined && high !== undefined && (
        <span class="hint">, {words.version.interval(percent(low), percent(high))}</span>
      )}
    </p>
  );
}

const aliasTones: Record<string, Tone> = { champion: "server", challenger: "page" };

export const Aliases = ({ of }: { of: readonly string[] }) => (
  <>
    {of.map((alias) => (
      <Badge key={alias} tone={aliasTones[alias] ?? "plain"}>
        {words.list.aliases[alias] ?? alias}
      </Badge>
    ))}
  </>
);

function VersionTable({ list, accuracies }: { list: VersionList; accuracies: Accuracies }) {
  const w = words.list;
  const [selected, setSelected] = useState<readonly number[]>([]);
  const columns = useMemo(() => versionColumns(selected, setSelected, accuracies), [selected, accuracies]);
  const [a, b] = [...selected].sort((x, y) => x - y);
  return (
    <>
      <div class="compare-bar">
        <p class="hint">{w.compareHint}</p>
        {a !== undefined && b !== undefined && (
          <Button icon="chart" onClick={() => go(href("models", ["compare", a, b]))}>
            {w.compareTwo(a, b)}
          </Button>
        )}
      </div>
      <Table
        title={w.title}
        columns={columns}
        rows={list.versions}
        rowKey={({ number }) => number}
        pageSize={50}
        filter={list.versions.length >= kFilterFrom}
        csv
      />
    </>
  );
}

// At most two: a third one replaces the one that was selected first.
const toggled = (selected: readonly number[], number: number): readonly number[] =>
  selected.includes(number) ? selected.filter((other) => other !== number) : [...selected, number].slice(-2);

function versionColumns(
  selected: readonly number[],
  setSelected: (selected: readonly number[]) => void,
  accuracies: Accuracies,
): Column<VersionRow>[] {
  const w = words.list;
  return [
    {
      id: "compare",
      title: w.compare,
      fixed: true,
      value: () => null,
      cell: ({ number, removed }) => (
        <input
          type="checkbox"
          class="compare-box"
          aria-label={w.compareBox(number)}
          checked={selected.includes(number)}
          disabled={removed !== undefined}
          onChange={() => setSelected(toggled(selected, number))}
        />
      ),
    },
    {
      id: "number",
      title: w.version,
      value: ({ number }) => number,
      cell: ({ number, name }) => <a href={href("models", [number])}>{`${w.versionName(number)}, ${name}`}</a>,
    },
    {
      id: "role",
      title: w.role,
      value: ({ aliases }) => aliases.map((alias) => w.aliases[alias] ?? alias).join(" "),
      cell: ({ aliases, removed }) =>
        removed === undefined ? <Aliases of={aliases} /> : <span class="hint">{w.removed}</span>,
    },
    {
      id: "accuracy",
      title: w.accuracy,
      value: (row) => accuracyOf(accuracies, row)?.value,
      cell: (row) => <AccuracyCell accuracy={accuracyOf(accuracies, row)} />,
      numeric: true,
    },
    {
      id: "classes",
      title: w.classes,
      value: ({ classes }) => classes,
      cell: ({ classes }) => count(classes),
      numeric: true,
    },
    { id: "parent", title: w.parent, value: ({ parent }) => (parent === undefined ? "" : w.parentVersion(parent)) },
    { id: "data", title: w.data, value: ({ data }) => data },
    {
      id: "added",
      title: w.added,
      value: ({ published }) => published,
      cell: ({ published }) => <Ago iso={published} />,
    },
  ];
}

function AccuracyCell({ accuracy }: { accuracy: Accuracy | undefined }) {
  const w = words.list;
  if (accuracy === undefined) return <span class="hint">{w.notMeasured}</span>;
  const { value, low, high, split } = accuracy;
  return (
    <>
      {percent(value)}
      {low !== undefined && high !== undefined && (
        <small class="interval">{w.interval(percent(low), percent(high))}</small>
      )}
      {split === "val" && <small class="interval">{w.accuracyVal}</small>}
    </>
  );
}

function RollbackNote({ of: { time, from, to, reason, numbers } }: { of: WatchdogRollback }) {
  const w = words.rollback;
  if (from === undefined) return null;
  return (
    <section class="card rollback-note" aria-label={w.title(from)}>
      <Icon name="warning" size={26} />
      <div>
        <h2>{w.title(from)}</h2>
        <p>{w.text(from, to, reason)}</p>
        <p class="hint">
          {w.when} <Ago iso={time} />.
        </p>
        <details>
          <summary>{w.numbers}</summary>
          <RollbackNumbers name={w.version(from)} numbers={numbers.now} />
          <RollbackNumbers name={to} numbers={numbers.before} />
        </details>
      </div>
    </section>
  );
}

function RollbackNumbers({ name, numbers = {} }: { name: string; numbers: WatchdogNumbers | undefined }) {
  const w = words.rollback;
  const { answers, error_rate, p99_ms } = numbers;
  const facts: [string, ComponentChildren][] = [
    [name, answers !== undefined && w.predictions(answers)],
    [w.failures, error_rate !== undefined && percent(error_rate)],
    [w.p99, p99_ms !== undefined && `${p99_ms.toFixed(1)} ms`],
  ];
  return (
    <dl class="facts">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
