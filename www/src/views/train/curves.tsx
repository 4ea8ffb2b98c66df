// Loss, accuracy and learning rate by epoch, updated live.
import { useMemo } from "preact/hooks";
import { percent } from "../../base/format.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { LineOrBarSpec, Series } from "../../components/chart/spec.js";
import type { Epoch } from "../../net/jobs.js";
import type { JobProgress, TrainingPoint } from "../../shared/job/job_progress.js";
import { accuracySentence, curveCaveat, lossSentence, rateSentence, valLossSentence } from "./curve_text.js";
import { words } from "./strings.js";

const kHeight = 240; // pixels
const w = words.curves;

type Metric = "train_loss" | "val_loss" | "train_accuracy" | "val_accuracy" | "lr";

const line = (epochs: readonly Epoch[], metric: Metric, name: string, rest: Partial<Series> = {}): Series => ({
  name,
  colour: "server",
  ...rest,
  points: epochs.flatMap(({ epoch, [metric]: value }): [number, number][] =>
    typeof value === "number" ? [[epoch, value]] : [],
  ),
});

const validation = { colour: "page", dashed: true } as const;

const currentEpoch = (points: readonly TrainingPoint[], value: (point: TrainingPoint) => number): Series => ({
  name: w.now,
  colour: "muted",
  points: points.map((point) => [point.at, value(point)]),
});

function toSpec(
  yTitle: string,
  epochs: number | undefined,
  series: readonly Series[],
  y: Partial<LineOrBarSpec["y"]>,
): LineOrBarSpec {
  return {
    kind: "line",
    x: { title: w.epoch, min: 0, whole: true, ...(epochs === undefined ? {} : { max: epochs }) },
    y: { title: yTitle, ...y },
    series: series.filter(({ points }) => points.length > 0),
  };
}

const threeDigits = (value: number): string => String(Number(value.toPrecision(3)));

export function Curves({ progress: { epochs, points, plan } }: { progress: JobProgress }) {
  const all = plan.epochs;
  const loss = useMemo(() => {
    const series = [line(epochs, "train_loss", w.train), currentEpoch(points, (point) => point.loss)];
    return toSpec(w.lossAxis, all, series, { min: 0, format: threeDigits });
  }, [epochs, points, all]);
  // Not in the same chart: the training loss has terms that the validation loss has not.
  const valLoss = useMemo(
    () => toSpec(w.lossAxis, all, [line(epochs, "val_loss", w.val, validation)], { min: 0, format: threeDigits }),
    [epochs, all],
  );
  const accuracy = useMemo(() => {
    const series = [
      line(epochs, "train_accuracy", w.train),
      line(epochs, "val_accuracy", w.val, validation),
      currentEpoch(points, (point) => point.accuracy),
    ];
    return toSpec(w.accuracyAxis, all, series, { max: 1, format: percent });
  }, [epochs, points, all]);
  const rate = useMemo(() => toSpec(w.rateAxis, all, [line(epochs, "lr", w.rate)], { min: 0 }), [epochs, all]);
  if (epochs.length === 0 && points.length === 0) return null;
  const caveat = curveCaveat(epochs);
  const hasRate = epochs.some(({ lr }) => (lr ?? 0) > 0);
  return (
    <div class="curves">
      <ChartCard title={w.loss} sentence={lossSentence(epochs)} caveat={caveat} chart={loss} height={kHeight} />
      {valLoss.series.length > 0 && (
        <ChartCard
          title={w.valLoss}
          sentence={valLossSentence(epochs)}
          caveat={caveat}
          chart={valLoss}
          height={kHeight}
        />
      )}
      <ChartCard
        title={w.accuracy}
        sentence={accuracySentence(epochs, plan.mode)}
        caveat={caveat}
        chart={accuracy}
        height={kHeight}
      />
      {hasRate && <ChartCard title={w.rate} sentence={rateSentence(epochs)} chart={rate} height={kHeight} />}
    </div>
  );
}
