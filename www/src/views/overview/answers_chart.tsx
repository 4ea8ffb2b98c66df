import { useMemo, useState } from "preact/hooks";
import { useResource } from "../../net/resource.js";
import { type Statistics, fetchStatistics } from "../../net/service.js";
import { count } from "../../base/format.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { LineOrBarSpec } from "../../components/chart/spec.js";
import { Segments } from "../../components/field.js";
import { Loaded } from "../../shared/loaded.js";
import { type Bin, type Span, answersCaveat, answersSentence, binLabel, bins, spanHours, spans } from "./story.js";
import { words } from "./strings.js";

const kEvery = 60_000; // milliseconds

export function AnswersChart() {
  const [span, setSpan] = useState<Span>("hour");
  const known = useResource(async (stop) => ({ span, statistics: await fetchStatistics(spanHours[span], stop) }), {
    keys: [span],
    on: ["predictions"],
    gap: 2_000,
    every: kEvery,
  });
  return (
    <Loaded from={known} lines={8}>
      {({ span: shown, statistics }) => <Known statistics={statistics} shown={shown} span={span} onSpan={setSpan} />}
    </Loaded>
  );
}

interface KnownProps {
  statistics: Statistics;
  shown: Span; // which they are of; the chosen one is on its way when it differs
  span: Span;
  onSpan: (span: Span) => void;
}

function Known({ statistics, shown, span, onSpan }: KnownProps) {
  const w = words.answers;
  const all = useMemo(() => bins(statistics.series.points, shown, Date.parse(statistics.to)), [statistics, shown]);
  const chart = useMemo(() => toChart(all, shown), [all, shown]);
  return (
    <ChartCard title={w.title} sentence={answersSentence(all, shown)} caveat={answersCaveat(all)} chart={chart}>
      <Segments label={w.range} value={span} onChange={onSpan} options={spans.map((value) => ({ value, label: w.ranges[value] }))} />
    </ChartCard>
  );
}

function toChart(all: readonly Bin[], span: Span): LineOrBarSpec {
  const w = words.answers;
  return {
    kind: "bar",
    stacked: true,
    x: { title: w.time, type: "category", labels: all.map(({ start }) => binLabel(start, span)) },
    y: { title: w.count, min: 0, whole: true, format: count },
    series: [
      { name: w.sure, colour: "server", points: all.map(({ sure }, i) => [i, sure]) },
      { name: w.unsure, colour: "muted", points: all.map(({ unsure }, i) => [i, unsure]) },
    ],
  };
}
