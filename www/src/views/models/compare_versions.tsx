// Two versions side by side: metrics, classes, confusion matrix.
import { useMemo } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { count, moment, percent } from "../../base/format.js";
import { images } from "../../base/plural.js";
import { Button } from "../../components/button.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { ChartSpec } from "../../components/chart/spec.js";
import { Field, Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import { Empty } from "../../components/placeholders.js";
import { toast, toastError } from "../../components/toasts.js";
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
  kModelEvaluation,
} from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { readForgetting } from "../../net/verdict.js";
import { Loaded } from "../../shared/loaded.js";
import { ForgettingTable } from "../../shared/verdict/verdict_report.js";
import {
  type ConfusionDifference,
  type MetricRow,
  accuracySentence,
  betterSide,
  caveats,
  classRows,
  classesSentence,
  confusionDifference,
  differenceSentence,
  fewImagesCaveat,
  isSameData,
  isSameImages,
  metricDifference,
  metricRows,
  metricText,
} from "./evaluation_difference.js";
import { selectPair } from "./evaluation_pair.js";
import { words } from "./strings.js";

const w = words.compare;
const kVersions = 100; // offered for comparison

interface Side {
  version: Version;
  heads: EvaluationHead[];
  selected: EvaluationHead | undefined;
  document: EvaluationDocument | undefined; // of the selected evaluation
}

async function fetchSides(
  numbers: readonly [number, number],
  wanted: readonly [string | null, string | null],
  stop: AbortSignal,
): Promise<[Side, Side]> {
  const fetchBoth = (number: number) => Promise.all([fetchVersion(number, stop), fetchEvaluations(number, stop)]);
  const [[versionA, headsA], [versionB, headsB]] = await Promise.all([fetchBoth(numbers[0]), fetchBoth(numbers[1])]);
  const [a, b] = selectPair(headsA, headsB, wanted);
  const toSide = async (version: Version, heads: EvaluationHead[], selected: Side["selected"]): Promise<Side> => ({
    version,
    heads,
    selected,
    document: selected && (await fetchEvaluation(version.number, selected.id, stop)).evaluation,
  });
  return Promise.all([toSide(versionA, headsA, a), toSide(versionB, headsB, b)]);
}

interface CompareVersionsProps {
  a: number; // version numbers
  b: number;
  query: URLSearchParams; // may name evaluations
}

export function CompareVersions({ a, b, query }: CompareVersionsProps) {
  const [evaluationA, evaluationB] = [query.get("a"), query.get("b")];
  const list = useResource((stop) => fetchVersions(kVersions, stop), { on: ["model"] });
  const sides = useResource((stop) => fetchSides([a, b], [evaluationA, evaluationB], stop), {
    keys: [a, b, evaluationA, evaluationB],
    on: ["job"],
  });
  const { error } = sides;
  const isMissing = error instanceof ServerError && (error.status === 404 || error.status === 400);
  return (
    <>
      <p class="crumb">
        <a href={href("models")}>{w.back}</a>
      </p>
      {isMissing ? (
        <Empty title={error.message}>
          <a href={href("models")}>{w.back}</a>
        </Empty>
      ) : (
        <Loaded from={sides} lines={10}>
          {([sideA, sideB]) => <Comparison a={sideA} b={sideB} list={list.value} />}
        </Loaded>
      )}
    </>
  );
}

// The report of the retraining that made one version from the other.
function forgettingBetween(a: Version, b: Version) {
  if (b.manifest["parent"] === a.number) return readForgetting(b.manifest["forgetting"]);
  return a.manifest["parent"] === b.number ? readForgetting(a.manifest["forgetting"]) : undefined;
}

function Comparison({ a, b, list }: { a: Side; b: Side; list: VersionList | undefined }) {
  const numbers = [a.version.number, b.version.number] as const;
  const show = (first: number, second: number, query = {}): void =>
    go(href("models", ["compare", first, second], query), { replace: true });
  const forgetting = forgettingBetween(a.version, b.version);
  return (
    <>
      <h2 class="compare-title">{w.title(...numbers)}</h2>
      <div class="compare-pick">
        <SidePicker
          side={a}
          title={w.pick.a}
          list={list}
          onVersion={(number) => show(number, numbers[1])}
          onEvaluation={(id) => show(...numbers, { a: id, b: b.selected?.id })}
        />
        <Button onClick={() => show(numbers[1], numbers[0], { a: b.selected?.id, b: a.selected?.id })}>
          {w.swap}
        </Button>
        <SidePicker
          side={b}
          title={w.pick.b}
          list={list}
          onVersion={(number) => show(numbers[0], number)}
          onEvaluation={(id) => show(...numbers, { a: a.selected?.id, b: id })}
        />
      </div>
      {[a, b].map(
        ({ document, version: { number } }) => document === undefined && <NotEvaluated key={number} number={number} />,
      )}
      {a.document && b.document && <EvaluationComparison a={a.document} b={b.document} numbers={numbers} />}
      {forgetting && (
        <>
          <h2 class="compare-title">{w.forgetting}</h2>
          <ForgettingTable of={forgetting} />
        </>
      )}
    </>
  );
}

interface SidePickerProps {
  side: Side;
  title: string;
  list: VersionList | undefined;
  onVersion: (number: number) => void;
  onEvaluation: (id: string) => void;
}

function evaluationOption({ id, job, created, split, count: n }: EvaluationHead): { value: string; label: string } {
  const { ofModel, byJob, splits } = words.version;
  const source = id === kModelEvaluation ? ofModel : `${byJob(job ?? 0)}, ${splits[split ?? "test"] ?? split}`;
  return { value: String(id), label: w.evaluationOption(source, moment(created), n === undefined ? "" : images(n)) };
}

function SidePicker({ side: { version, heads, selected }, title, list, onVersion, onEvaluation }: SidePickerProps) {
  const roles = (aliases: readonly string[]): string =>
    aliases.map((alias) => words.list.aliases[alias] ?? alias).join(", ");
  const versions = list?.versions ?? [{ number: version.number, aliases: version.aliases }];
  const versionOptions = versions.map(({ number, aliases }) => ({
    value: String(number),
    label: w.versionOption(number, roles(aliases)),
  }));
  const evaluationOptions = heads.map(evaluationOption);
  return (
    <section class="card compare-picker" aria-label={title}>
      <Field label={title}>
        {(id) => (
          <Select
            id={id}
            value={String(version.number)}
            options={versionOptions}
            onChange={(value) => onVersion(Number(value))}
          />
        )}
      </Field>
      {selected && evaluationOptions.length > 1 && (
        <Field label={w.evaluation}>
          {(id) => (
            <Select id={id} value={String(selected.id)} options={evaluationOptions} onChange={onEvaluation} />
          )}
        </Field>
      )}
      {selected && evaluationOptions.length === 1 && (
        <p class="hint">
          {w.evaluation}: {evaluationOptions[0]?.label}
        </p>
      )}
    </section>
  );
}

function NotEvaluated({ number }: { number: number }) {
  const evaluate = (): void =>
    void startEvaluation(number)
      .then(({ id }) => toast({ text: words.version.evaluating(id) }))
      .catch(toastError);
  return (
    <Empty icon="chart" title={w.none(number)}>
      <Button icon="chart" onClick={evaluate}>
        {w.evaluate(number)}
      </Button>
    </Empty>
  );
}

interface EvaluationsProps {
  a: EvaluationDocument;
  b: EvaluationDocument;
  numbers: readonly [number, number];
}

function EvaluationComparison({ a, b, numbers }: EvaluationsProps) {
  return (
    <>
      <section class="card compare-numbers" aria-label={w.numbers}>
        <h2>{w.numbers}</h2>
        <p>{accuracySentence(a, b, numbers)}</p>
        {caveats(a, b, numbers).map((text) => (
          <p class="chart-caveat" key={text}>
            {text}
          </p>
        ))}
        <MetricTable a={a} b={b} numbers={numbers} />
      </section>
      <RecallChart a={a} b={b} numbers={numbers} />
      <ConfusionChart a={a} b={b} />
    </>
  );
}

function RecallChart({ a, b, numbers }: EvaluationsProps) {
  const rows = useMemo(() => classRows(a, b), [a, b]);
  const chart = useMemo(
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
  return (
    <ChartCard
      title={w.classes}
      sentence={classesSentence(rows, isSameData(a, b))}
      caveat={fewImagesCaveat(rows)}
      chart={chart}
      height={120 + 40 * rows.length}
    />
  );
}

const toMatrix = ({ rows, columns, points }: ConfusionDifference): ChartSpec => ({
  kind: "matrix",
  rows,
  columns,
  rowTitle: w.matrixTrue,
  columnTitle: w.matrixPredicted,
  values: points,
  format: (value) => (value === 0 ? "0" : value.toFixed(1)),
});

function ConfusionChart({ a, b }: Omit<EvaluationsProps, "numbers">) {
  const difference = useMemo(() => confusionDifference(a, b), [a, b]);
  const chart = useMemo(() => difference && toMatrix(difference), [difference]);
  if (difference === undefined || chart === undefined || difference.rows.length === 0) return null;
  return (
    <>
      <ChartCard
        title={w.matrix}
        sentence={differenceSentence(difference, isSameData(a, b))}
        chart={chart}
        height={100 + 36 * difference.rows.length}
      />
      <p class="hint">{w.matrixLegend}</p>
    </>
  );
}

function MetricTable({ a, b, numbers }: EvaluationsProps) {
  const hasDifference = isSameImages(a, b); // on other images, a difference means nothing
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
            {hasDifference && (
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
            {hasDifference && <td />}
          </tr>
          {metricRows(a, b).map((row) => (
            <MetricTableRow key={row.id} row={row} hasDifference={hasDifference} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MetricTableRow({ row, hasDifference }: { row: MetricRow; hasDifference: boolean }) {
  const better = betterSide(row);
  return (
    <tr>
      <th scope="row">
        {w.metrics[row.id]} {row.lowerIsBetter && <small class="hint">{w.lowerIsBetter}</small>}
      </th>
      <td class="number">{metricText(row.id, row.a)}</td>
      <td class="number">{metricText(row.id, row.b)}</td>
      {hasDifference && (
        <td class={`number ${better === "b" ? "gain" : better === "a" ? "loss" : ""}`}>
          {metricDifference(row)} {better && <Icon name={better === "b" ? "good" : "bad"} size={14} />}
        </td>
      )}
    </tr>
  );
}
