// The model in service, what waits beside it, and every version there was.
import { useMemo, useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { count, percent } from "../../base/format.js";
import { readModel } from "../../inference/model_info.js";
import type { Accuracy } from "../../inference/types.js";
import { type VersionList, type VersionRow, fetchAudit, fetchVersions } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { type Column, Table } from "../../components/table.js";
import { Ago } from "../../components/time.js";
import { Loaded } from "../../shared/loaded.js";
import { RollBackButton } from "../../shared/versions/change_service.js";
import { words } from "./strings.js";
import { UploadDialog } from "./upload_dialog.js";
import { type WatchRollback, latestRollback } from "./watch.js";

const kShown = 20; // versions, at first and more each time
const kEvery = 15_000; // milliseconds
const kAudit = 200; // entries looked through for the latest change of service

async function fetchNewest(wanted: number, stop: AbortSignal): Promise<VersionList> {
  const list = await fetchVersions(Math.min(wanted, 100), stop);
  while (list.next !== undefined && list.versions.length < wanted) {
    const { versions, next } = await fetchVersions(100, stop, list.versions.at(-1)!.number);
    list.versions.push(...versions);
    if (next === undefined) delete list.next;
    else list.next = next;
  }
  return list;
}

export function List() {
  const [wanted, setWanted] = useState(kShown);
  const [upload, setUpload] = useState(false);
  const list = useResource((stop) => fetchNewest(wanted, stop), { keys: [wanted], on: ["model", "job"], every: kEvery });
  const rollback = useResource(async (stop) => ({ latest: latestRollback(await fetchAudit(kAudit, stop)) }), { on: ["model"], every: kEvery });
  const w = words.list;
  return (
    <>
      {rollback.value?.latest && <WatchNote of={rollback.value.latest} />}
      <Loaded from={list} lines={8}>
        {(known) => (
          <>
            <InService list={known} onChange={list.reload} onUpload={() => setUpload(true)} />
            <section class="card versions" aria-label={w.title}>
              <h2>{w.title}</h2>
              <Versions list={known} />
              {known.next !== undefined && <Button onClick={() => setWanted(wanted + 100)}>{w.more}</Button>}
            </section>
          </>
        )}
      </Loaded>
      <UploadDialog open={upload} onClose={() => setUpload(false)} onDone={list.reload} />
    </>
  );
}

interface InServiceProps {
  list: VersionList;
  onChange: () => void;
  onUpload: () => void;
}

function InService({ list: { aliases, versions }, onChange, onUpload }: InServiceProps) {
  const w = words.service;
  const { champion, previous, challenger } = aliases;
  const row = versions.find(({ number }) => number === champion);
  return (
    <section class="card in-service-card" aria-label={w.title}>
      <div>
        <p class="eyebrow">{w.title}</p>
        {champion !== undefined && (
          <h2>
            <a href={href("models", [champion])}>{w.name(row?.name ?? "", champion)}</a>
          </h2>
        )}
        {row && <AccuracyLine of={readModel(row).accuracy} />}
        {challenger !== undefined && (
          <p>
            {w.challenger(challenger)} <a href={href("models", [challenger])}>{w.look}</a>
          </p>
        )}
      </div>
      <div class="in-service-actions">
        {previous !== undefined ? <RollBackButton previous={previous} champion={champion} onDone={onChange} /> : <p class="hint">{w.none}</p>}
        <Button icon="upload" onClick={onUpload}>
          {words.list.upload}
        </Button>
      </div>
    </section>
  );
}

export function AccuracyLine({ of }: { of: Accuracy | undefined }) {
  if (of === undefined) return <p class="hint">{words.list.unmeasured}</p>;
  return (
    <p>
      <b>{percent(of.value)}</b> {words.version.rightUnknown[of.split]}
      {of.low !== undefined && of.high !== undefined && <span class="hint">, {words.version.interval(percent(of.low), percent(of.high))}</span>}
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

function Versions({ list }: { list: VersionList }) {
  const w = words.list;
  const [chosen, setChosen] = useState<readonly number[]>([]);
  const columns = useMemo(() => versionColumns(chosen, setChosen), [chosen]);
  const [a, b] = [...chosen].sort((x, y) => x - y);
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
      <Table title={w.title} columns={columns} rows={list.versions} rowKey={({ number }) => number} pageSize={50} filter={list.versions.length > 12} csv />
    </>
  );
}

// Two at most: a third one takes the place of the one that was chosen first.
const withChosen = (chosen: readonly number[], number: number): readonly number[] =>
  chosen.includes(number) ? chosen.filter((one) => one !== number) : [...chosen, number].slice(-2);

function versionColumns(chosen: readonly number[], setChosen: (chosen: readonly number[]) => void): Column<VersionRow>[] {
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
          checked={chosen.includes(number)}
          disabled={removed !== undefined}
          onChange={() => setChosen(withChosen(chosen, number))}
        />
      ),
    },
    { id: "number", title: w.version, value: ({ number }) => number, cell: ({ number, name }) => <a href={href("models", [number])}>{`${w.versionName(number)}, ${name}`}</a> },
    {
      id: "role",
      title: w.role,
      value: ({ aliases }) => aliases.map((alias) => w.aliases[alias] ?? alias).join(" "),
      cell: ({ aliases, removed }) => (removed === undefined ? <Aliases of={aliases} /> : <span class="hint">{w.removed}</span>),
    },
    { id: "accuracy", title: w.accuracy, value: (row) => readModel(row).accuracy?.value, cell: (row) => <AccuracyCell row={row} />, numeric: true },
    { id: "classes", title: w.classes, value: ({ classes }) => classes, cell: ({ classes }) => count(classes), numeric: true },
    { id: "parent", title: w.parent, value: ({ parent }) => (typeof parent === "number" ? w.parentVersion(parent) : "") },
    { id: "data", title: w.data, value: ({ data }) => data },
    { id: "stored", title: w.stored, value: ({ published }) => published, cell: ({ published }) => <Ago iso={published} /> },
  ];
}

function AccuracyCell({ row }: { row: VersionRow }) {
  const w = words.list;
  const accuracy = readModel(row).accuracy;
  if (accuracy === undefined) return <span class="hint">{w.unmeasured}</span>;
  const { value, low, high, split } = accuracy;
  return (
    <>
      {percent(value)}
      {low !== undefined && high !== undefined && <small class="interval">{w.interval(percent(low), percent(high))}</small>}
      {split === "val" && <small class="interval">{w.accuracyVal}</small>}
    </>
  );
}

function WatchNote({ of: { time, from, to, reason, numbers } }: { of: WatchRollback }) {
  const w = words.watch;
  if (from === undefined) return null;
  const sides = [
    [w.now(from), numbers.now],
    [to, numbers.before],
  ] as const;
  return (
    <section class="card watch-note" aria-label={w.title(from)}>
      <Icon name="warning" size={26} />
      <div>
        <h2>{w.title(from)}</h2>
        <p>{w.text(from, to, reason)}</p>
        <p class="hint">
          {w.was} <Ago iso={time} />.
        </p>
        <details>
          <summary>{w.numbers}</summary>
          {sides.map(([name, side]) => (
            <dl class="facts" key={name}>
              <div>
                <dt>{name}</dt>
                <dd>{side?.answers !== undefined && `${count(side.answers)} ${w.answers}`}</dd>
              </div>
              <div>
                <dt>{w.failed}</dt>
                <dd>{side?.error_rate !== undefined && percent(side.error_rate)}</dd>
              </div>
              <div>
                <dt>{w.slowest}</dt>
                <dd>{side?.p99_ms !== undefined && `${side.p99_ms.toFixed(1)} ms`}</dd>
              </div>
            </dl>
          ))}
        </details>
      </div>
    </section>
  );
}
