import { useMemo, useState } from "preact/hooks";
import type { Resource } from "../../net/resource.js";
import { useResource } from "../../net/resource.js";
import { type Statistics, fetchStatistics } from "../../net/service.js";
import { count } from "../../format.js";
import { ChartCard } from "../../pieces/chart/chart_card.js";
import type { LineOrBarSpec } from "../../pieces/chart/spec.js";
import { Segments } from "../../pieces/field.js";
import { type Bin, type Span, answersCaveat, answersSentence, binLabel, bins, spanHours, spans } from "./story.js";
import { words } from "./strings.js";

const kEvery = 60_000; // milliseconds

export function AnswersChart({ lastHour }: { lastHour: Resource<Statistics> }) {
  const [span, setSpan] = useState<Span>("hour");
  const w = words.answers;
  const longer = useResource(async (stop) => (span === "hour" ? undefined : fetchStatistics(spanHours[span], stop)), {
    keys: [span],
    on: ["predictions"],
    gap: 5_000,
    every: kEvery,
  });
  const known = span === "hour" ? lastHour.value : longer.value;
  const all = useMemo(() => bins(known?.series.points ?? [], span, known ? Date.parse(known.to) : Date.now()), [known, span]);
  const chart = useMemo(() => toChart(all, span), [all, span]);
  return (
    <ChartCard title={w.title} sentence={answersSentence(all, span)} caveat={answersCaveat(all)} chart={chart}>
      <Segments label={w.range} value={span} onChange={setSpan} options={spans.map((value) => ({ value, label: w.ranges[value] }))} />
    </ChartCard>
  );
}

function toChart(all: readonly Bin[], span: Span): LineOrBarSpec {
  const w = words.answers;
  return {
    kind: "bar",
    stacked: true,
    x: { title: w.time, type: "category", labels: all.map(({ start }) => binLabel(start, span)) },
    y: { title: w.count, min: 0, format: (value) => (Number.isInteger(value) ? count(value) : "") },
    series: [
      { name: w.sure, colour: "server", points: all.map(({ sure }, i) => [i, sure]) },
      { name: w.unsure, colour: "muted", points: all.map(({ unsure }, i) => [i, unsure]) },
    ],
  };
}
