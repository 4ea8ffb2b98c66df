// Two evaluations side by side: metrics, recall by class, confusion matrix.
import { useMemo } from "preact/hooks";
import { count, percent } from "../../base/format.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { ChartSpec } from "../../components/chart/spec.js";
import { Icon } from "../../components/icon.js";
import { ScrollRegion } from "../../components/scroll_region.js";
import type { EvaluationDocument } from "../../net/models.js";
import {
  accuracySentence,
  betterSide,
  type ConfusionDifference,
  caveats,
  classesSentence,
  classRows,
  confusionDifference,
  differenceSentence,
  fewImagesCaveat,
  isSameData,
  isSameImages,
  type MetricRow,
  metricDifference,
  metricRows,
  metricText,
} from "./evaluation_difference.js";
import { words } from "./strings.js";

const w = words.compare;

interface EvaluationsProps {
  a: EvaluationDocument;
  b: EvaluationDocument;
  numbers: readonly [number, number];
}

export function EvaluationComparison({ a, b, numbers }: EvaluationsProps) {
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
    <ScrollRegion label={w.numbers} class="compare-table">
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
    </ScrollRegion>
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
