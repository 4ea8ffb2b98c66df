import { useMemo, useState } from "preact/hooks";
import { count } from "../../base/format.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { LineOrBarSpec } from "../../components/chart/spec.js";
import { Segments } from "../../components/field.js";
import { useResource } from "../../net/resource.js";
import { fetchStatistics, type Statistics } from "../../net/service.js";
import { Loaded } from "../../shared/loaded.js";
import { type Bin, binLabel, caveat, type Span, sentence, spanHours, spans, toBins } from "./predictions_over_time.js";
import { words } from "./strings.js";

const kEvery = 60_000; // milliseconds

export function PredictionsChart() {
  const [span, setSpan] = useState<Span>("hour");
  const loaded = useResource(async (stop) => ({ span, statistics: await fetchStatistics(spanHours[span], stop) }), {
    keys: [span],
    on: ["predictions"],
    gap: 2_000,
    every: kEvery,
  });
  return (
    <Loaded from={loaded} lines={8}>
      {({ span: shown, statistics }) => (
        <StatisticsChart statistics={statistics} shown={shown} span={span} onSpan={setSpan} />
      )}
    </Loaded>
  );
}

interface StatisticsChartProps {
  statistics: Statistics;
  shown: Span; // of `statistics`; differs from `span` while the new statistics are loading
  span: Span;
  onSpan: (span: Span) => void;
}

function StatisticsChart({ statistics, shown, span, onSpan }: StatisticsChartProps) {
  const w = words.overTime;
  const bins = useMemo(() => toBins(statistics.series.points, shown, Date.parse(statistics.to)), [statistics, shown]);
  const chart = useMemo(() => toChart(bins, shown), [bins, shown]);
  const options = spans.map((value) => ({ value, label: w.ranges[value] }));
  return (
    <ChartCard title={w.title} sentence={sentence(bins, shown)} caveat={caveat(bins)} chart={chart}>
      <Segments label={w.range} value={span} onChange={onSpan} options={options} />
    </ChartCard>
  );
}

function toChart(bins: readonly Bin[], span: Span): LineOrBarSpec {
  const w = words.overTime;
  return {
    kind: "bar",
    stacked: true,
    x: { title: w.time, type: "category", labels: bins.map(({ start }) => binLabel(start, span)) },
    y: { title: w.count, min: 0, whole: true, format: count },
    series: [
      { name: w.certain, colour: "server", points: bins.map(({ certain }, i) => [i, certain]) },
      { name: w.uncertain, colour: "muted", points: bins.map(({ uncertain }, i) => [i, uncertain]) },
    ],
  };
}
