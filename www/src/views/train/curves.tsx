// Loss, accuracy and learning rate, round by round, as they come.
import { useMemo } from "preact/hooks";
import { percent } from "../../base/format.js";
import type { Epoch } from "../../net/jobs.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { LineOrBarSpec, Series } from "../../components/chart/spec.js";
import { accuracySentence, curveCaveat, lossSentence, rateSentence } from "./story.js";
import { words } from "./strings.js";
import type { Point, Told } from "./told.js";

const kHeight = 240; // pixels
const w = words.curves;

type Key = "train_loss" | "val_loss" | "train_accuracy" | "val_accuracy" | "lr";

const line = (epochs: readonly Epoch[], key: Key, name: string, rest: Partial<Series>): Series => ({
  name,
  colour: "server",
  ...rest,
  points: epochs.filter((epoch) => typeof epoch[key] === "number").map((epoch) => [epoch.epoch, epoch[key]!]),
});

const moments = (points: readonly Point[], of: (point: Point) => number): Series[] =>
  points.length === 0 ? [] : [{ name: w.now, colour: "muted", points: points.map((point) => [point.at, of(point)]) }];

function spec(title: string, epochs: number | undefined, series: readonly Series[], y: Partial<LineOrBarSpec["y"]>): LineOrBarSpec {
  return {
    kind: "line",
    x: { title: w.round, min: 0, whole: true, ...(epochs === undefined ? {} : { max: epochs }) },
    y: { title, ...y },
    series: series.filter(({ points }) => points.length > 0),
  };
}

export function Curves({ told: { epochs, points, start } }: { told: Told }) {
  const all = start.epochs;
  const loss = useMemo(
    () =>
      spec(
        w.lossAxis,
        all,
        [line(epochs, "train_loss", w.train, {}), line(epochs, "val_loss", w.val, { colour: "page", dashed: true }), ...moments(points, (point) => point.loss)],
        { min: 0, format: (value) => String(Number(value.toPrecision(3))) },
      ),
    [epochs, points, all],
  );
  const accuracy = useMemo(
    () =>
      spec(
        w.accuracyAxis,
        all,
        [
          line(epochs, "train_accuracy", w.train, {}),
          line(epochs, "val_accuracy", w.val, { colour: "page", dashed: true }),
          ...moments(points, (point) => point.accuracy),
        ],
        { max: 1, format: percent },
      ),
    [epochs, points, all],
  );
  const rate = useMemo(() => spec(w.rateAxis, all, [line(epochs, "lr", w.rate, {})], { min: 0 }), [epochs, all]);
  if (epochs.length === 0 && points.length === 0) return null;
  const caveat = curveCaveat(epochs);
  return (
    <div class="curves">
      <ChartCard title={w.loss} sentence={lossSentence(epochs)} caveat={caveat} chart={loss} height={kHeight} />
      <ChartCard title={w.accuracy} sentence={accuracySentence(epochs, start.mode)} caveat={caveat} chart={accuracy} height={kHeight} />
      {epochs.some(({ lr }) => (lr ?? 0) > 0) && <ChartCard title={w.rate} sentence={rateSentence(epochs)} chart={rate} height={kHeight} />}
    </div>
  );
}
