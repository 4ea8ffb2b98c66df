// Two versions beside each other: numbers, classes, mistakes.
import { useMemo } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { count, moment, percent } from "../../base/format.js";
import { ServerError } from "../../net/errors.js";
import { startEvaluation } from "../../net/jobs.js";
import {
  type EvaluationDocument,
  type EvaluationHead,
  type Version,
  type VersionList,
  fetchEvaluation,
  fetchEvaluations,
  fetchVersion,
  fetchVersions,
} from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { readForgetting } from "../../net/verdict.js";
import { Button } from "../../components/button.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { ChartSpec } from "../../components/chart/spec.js";
import { Field, Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import { Empty } from "../../components/placeholders.js";
import { toast, toastError } from "../../components/toasts.js";
import { Loaded } from "../../shared/loaded.js";
import { ForgettingTable } from "../../shared/verdict/verdict_story.js";
import { choosePair } from "./choose.js";
import {
  accuracySentence,
  better,
  caveats,
  classRows,
  classesSentence,
  confusionDifference,
  differenceSentence,
  metricDifference,
  metricRows,
  metricText,
  sameData,
  sameImages,
  thinClasses,
} from "./difference.js";
import { words } from "./strings.js";

interface Side {
  version: Version;
  heads: EvaluationHead[];
  chosen: EvaluationHead | undefined;
  document: EvaluationDocument | undefined;
}

async function fetchSides(numbers: readonly [number, number], wanted: readonly [string | null, string | null], stop: AbortSignal): Promise<[Side, Side]> {
  const fetchOne = (number: number) => Promise.all([fetchVersion(number, stop), fetchEvaluations(number, stop)]);
  const [[one, mine], [other, theirs]] = await Promise.all([fetchOne(numbers[0]), fetchOne(numbers[1])]);
  const [a, b] = choosePair(mine, theirs, wanted);
  const side = async (version: Version, heads: EvaluationHead[], chosen: EvaluationHead | undefined): Promise<Side> => ({
    version,
    heads,
    chosen,
    document: chosen && (await fetchEvaluation(version.number, chosen.id, stop)).evaluation,
  });
  return Promise.all([side(one, mine, a), side(other, theirs, b)]);
}

interface CompareProps {
  a: number;
  b: number;
  query: URLSearchParams;
}

export function Compare({ a, b, query }: CompareProps) {
  const w = words.compare;
  const [ea, eb] = [query.get("a"), query.get("b")];
  const list = useResource((stop) => fetchVersions(100, stop), { on: ["model"] });
  const both = useResource((stop) => fetchSides([a, b], [ea, eb], stop), { keys: [a, b, ea, eb], on: ["job"] });
  const missing = both.error instanceof ServerError && (both.error.status === 404 || both.error.status === 400);
  return (
    <>
      <p class="crumb">
        <a href={href("models")}>{w.back}</a>
      </p>
      {missing ? (
        <Empty title={both.error?.message ?? ""}>
          <a href={href("models")}>{w.back}</a>
        </Empty>
      ) : (
        <Loaded from={both} lines={10}>
          {([one, other]) => <Both a={one} b={other} list={list.value} />}
        </Loaded>
      )}
    </>
  );
}

function Both({ a, b, list }: { a: Side; b: Side; list: VersionList | undefined }) {
  const w = words.compare;
  const numbers = [a.version.number, b.version.number] as const;
  const to = (first: number, second: number, query = {}): void => go(href("models", ["compare", first, second], query), { replace: true });
  const unmeasured = [a, b].filter(({ document }) => document === undefined);
  // The report of the one that was made from the other, if so.
  const report =
    b.version.manifest["parent"] === numbers[0]
      ? readForgetting(b.version.manifest["forgetting"])
      : a.version.manifest["parent"] === numbers[1]
        ? readForgetting(a.version.manifest["forgetting"])
        : undefined;
  return (
    <>
      <h2 class="compare-title">{w.title(...numbers)}</h2>
      <div class="compare-pick">
        <Picker side={a} title={w.pick.a} list={list} onVersion={(n) => to(n, numbers[1])} onEvaluation={(id) => to(...numbers, { a: id, b: b.chosen?.id })} />
        <Button onClick={() => to(numbers[1], numbers[0], { a: b.chosen?.id, b: a.chosen?.id })}>{w.swap}</Button>
        <Picker side={b} title={w.pick.b} list={list} onVersion={(n) => to(numbers[0], n)} onEvaluation={(id) => to(...numbers, { a: a.chosen?.id, b: id })} />
      </div>
      {unmeasured.map(({ version: { number } }) => (
        <Unmeasured key={number} number={number} />
      ))}
      {a.document && b.document && <Measured a={a.document} b={b.document} numbers={numbers} />}
      {report && (
        <>
          <h2 class="compare-title">{w.forgetting}</h2>
          <ForgettingTable of={report} />
        </>
      )}
    </>
  );
}

interface PickerProps {
  side: Side;
  title: string;
  list: VersionList | undefined;
  onVersion: (number: number) => void;
  onEvaluation: (id: string) => void;
}

function Picker({ side: { version, heads, chosen }, title, list, onVersion, onEvaluation }: PickerProps) {
  const w = words.compare;
  const what = (aliases: readonly string[]): string => aliases.map((alias) => words.list.aliases[alias] ?? alias).join(", ");
  const known = list?.versions ?? [{ number: version.number, aliases: version.aliases }];
  const options = known.map(({ number, aliases }) => ({ value: String(number), label: w.versionOption(number, what(aliases)) }));
  const measured = heads.map(({ id, job, created, split, count: n }) => ({
    value: String(id),
    label: w.measurementOption(id === "model" ? words.version.ofModel : `${words.version.byJob(job ?? 0)}, ${words.version.splits[split ?? "test"] ?? split}`, moment(created), n === undefined ? "" : w.images(n, count(n))),
  }));
  return (
    <section class="card compare-picker" aria-label={title}>
      <Field label={title}>{(id) => <Select id={id} value={String(version.number)} options={options} onChange={(value) => onVersion(Number(value))} />}</Field>
      {chosen && measured.length > 1 && (
        <Field label={w.measurement}>{(id) => <Select id={id} value={String(chosen.id)} options={measured} onChange={onEvaluation} />}</Field>
      )}
      {chosen && measured.length === 1 && (
        <p class="hint">
          {w.measurement}: {measured[0]?.label}
        </p>
      )}
    </section>
  );
}

function Unmeasured({ number }: { number: number }) {
  const w = words.compare;
  const measure = (): void =>
    void startEvaluation(number)
      .then(({ id }) => toast({ text: words.version.evaluating(id) }))
      .catch(toastError);
  return (
    <Empty icon="chart" title={w.none(number)}>
      <Button icon="chart" onClick={measure}>
        {w.evaluate(number)}
      </Button>
    </Empty>
  );
}

interface MeasuredProps {
  a: EvaluationDocument;
  b: EvaluationDocument;
  numbers: readonly [number, number];
}

function Measured({ a, b, numbers }: MeasuredProps) {
  const w = words.compare;
  const rows = useMemo(() => classRows(a, b), [a, b]);
  const difference = useMemo(() => confusionDifference(a, b), [a, b]);
  const mind = caveats(a, b, numbers);
  const same = sameData(a, b);
  const bars = useMemo(
    (): ChartSpec => ({
      kind: "bar",
      sideways: true,
      x: { title: "", type: "category", labels: rows.map(({ name }) => name) },
      y: { title: w.recallAxis, min: 0, max: 1, format: percent },
      series: [
        { name: w.version(numbers[0]), colour: "muted", points: rows.map(({ a: before }, i) => [i, before ?? null]) },
        { name: w.version(numbers[1]), colour: "server", points: rows.map(({ b: after }, i) => [i, after ?? null]) },
      ],
    }),
    [rows],
  );
  const heat = useMemo(
    (): ChartSpec | undefined =>
      difference && {
        kind: "matrix",
        rows: difference.rows,
        columns: difference.columns,
        rowTitle: w.matrixTrue,
        columnTitle: w.matrixAnswer,
        values: difference.points,
        format: (value) => (value === 0 ? "0" : value.toFixed(1)),
      },
    [difference],
  );
  return (
    <>
      <section class="card compare-numbers" aria-label={w.numbers}>
        <h2>{w.numbers}</h2>
        <p>{accuracySentence(a, b, numbers)}</p>
        {mind.map((text) => (
          <p class="chart-caveat" key={text}>
            {text}
          </p>
        ))}
        <MetricTable a={a} b={b} numbers={numbers} />
      </section>
      <ChartCard title={w.classes} sentence={classesSentence(rows, same)} caveat={thinClasses(rows)} chart={bars} height={120 + 40 * rows.length} />
      {difference && heat && difference.rows.length > 0 && (
        <>
          <ChartCard title={w.matrix} sentence={differenceSentence(difference, same)} chart={heat} height={100 + 36 * difference.rows.length} />
          <p class="hint">{w.matrixLegend}</p>
        </>
      )}
    </>
  );
}

function MetricTable({ a, b, numbers }: MeasuredProps) {
  const w = words.compare;
  const judged = sameImages(a, b); // else a difference says nothing
  return (
    <div class="scroll compare-table" role="region" aria-label={w.numbers} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{w.metric}</th>
            {numbers.map((number) => (
              <th key={number} scope="col" class="number">
                {w.version(number)}
              </th>
            ))}
            {judged && (
              <th scope="col" class="number">
                {w.difference}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          <tr class="compare-images">
            <th scope="row">{w.imagesRow}</th>
            {[a, b].map(({ data }, i) => (
              <td key={i} class="number">
                {data?.count === undefined ? "–" : count(data.count)}
              </td>
            ))}
            {judged && <td />}
          </tr>
          {metricRows(a, b).map((row) => (
            <tr key={row.id}>
              <th scope="row">
                {w.metrics[row.id]} {row.lowIsGood && <small class="hint">{w.betterLow}</small>}
              </th>
              <td class="number">{metricText(row.id, row.a)}</td>
              <td class="number">{metricText(row.id, row.b)}</td>
              {judged && (
                <td class={`number ${better(row) === "b" ? "gain" : better(row) === "a" ? "loss" : ""}`}>
                  {metricDifference(row)} {better(row) && <Icon name={better(row) === "b" ? "good" : "bad"} size={14} />}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
